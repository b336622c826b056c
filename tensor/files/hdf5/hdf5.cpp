#include "tensor/files/hdf5/hdf5.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tensor/files/hdf5/links.h"

namespace melgrad {
namespace {

using Messages = std::vector<Hdf5Message>;

bool any_of_type(const Messages& header, u64 type) {
  return std::any_of(header.begin(), header.end(),
                     [&](const Hdf5Message& message) { return message.type == type; });
}

bool is_group(const Messages& header) {
  return any_of_type(header, Hdf5Message::symbol_table) ||
         any_of_type(header, Hdf5Message::link_info) || any_of_type(header, Hdf5Message::link);
}

std::string join(const std::string& path, const std::string& name) {
  return path == "/" ? path + name : path + "/" + name;
}

}  // namespace

bool is_hdf5(const std::filesystem::path& path) { return hdf5_begin(InputFile(path)).has_value(); }

Hdf5Object::Hdf5Object(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path)
    : storage_(std::move(storage)),
      path_(std::move(path)),
      header_(std::make_shared<Messages>(read_object_header(*storage_, address, path_))) {}

bool Hdf5Object::has(u64 message_type) const { return any_of_type(*header_, message_type); }

Hdf5Group::Hdf5Group(std::shared_ptr<const Hdf5Storage> storage, u64 address, std::string path)
    : Hdf5Object(std::move(storage), address, std::move(path)) {
  storage_->require(is_group(*header_), "{}: is not a group", path_);
  links_ = read_links(*storage_, *header_, path_);
}

std::vector<std::string> Hdf5Group::names() const {
  std::vector<std::string> all;
  for (const auto& [name, address] : links_) all.push_back(name);
  return all;
}

u64 Hdf5Group::address_of(const std::string& name) const {
  auto found = links_.find(name);
  if (found == links_.end()) {
    std::string there;
    constexpr std::size_t most = 20;
    for (const auto& [each, address] : links_) {
      if (there.size() / most > most) break;  // a line or two
      there += (there.empty() ? "" : ", ") + each;
    }
    storage_->require(false, "{}: has no \"{}\"; it has: {}", path_, name, there);
  }
  storage_->require(found->second != Hdf5Storage::undefined_address,
                    "{}: \"{}\" is a soft or external link, which is not followed", path_, name);
  return found->second;
}

bool Hdf5Group::has_group(const std::string& name) const {
  auto found = links_.find(name);
  return found != links_.end() && found->second != Hdf5Storage::undefined_address &&
         is_group(read_object_header(*storage_, found->second, join(path_, name)));
}

template <class Object>
Object Hdf5Group::open(const std::string& path) const {
  const Hdf5Group* at = this;
  std::optional<Hdf5Group> below;
  std::size_t begin = 0;
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', begin)) {
    std::string name = path.substr(begin, end - begin);
    Hdf5Group next(storage_, at->address_of(name), join(at->path_, name));
    at = &below.emplace(std::move(next));
    begin = end + 1;
  }
  std::string name = path.substr(begin);
  return {storage_, at->address_of(name), join(at->path_, name)};
}

Hdf5Group Hdf5Group::group(const std::string& path) const { return open<Hdf5Group>(path); }

Hdf5Dataset Hdf5Group::dataset(const std::string& path) const { return open<Hdf5Dataset>(path); }

Hdf5File::Hdf5File(const std::filesystem::path& path)
    : storage_(std::make_shared<const Hdf5Storage>(path)) {}

Hdf5Group Hdf5File::root() const { return {storage_, storage_->root(), "/"}; }

u64 Hdf5File::bytes() const { return storage_->size(); }

}  // namespace melgrad
