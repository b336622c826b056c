#include "tensor/files/pytorch/archive.h"

#include <algorithm>

#include "kernels/error.h"
#include "tensor/files/bytes.h"
#include "tensor/files/signature.h"

namespace melgrad {

namespace {

using Kind = PickleValue::Kind;
using namespace std::string_view_literals;
constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr i64 stream_protocol = 1001;

bool says_big_endian(const PickleValue& machine) {
  for (std::size_t i = 0; i + 1 < machine.items.size(); i += 2)
    if (machine.items[i]->text == "little_endian") return machine.items[i + 1]->whole == 0;
  return false;
}

}  // namespace

template <class... Args>
void PyTorchArchive::require(bool ok, std::string_view text, const Args&... args) const {
  check(ok, "load_pytorch", "{}: {}", file_.path(), ok ? "" : format(text, args...));
}

PyTorchArchive::PyTorchArchive(const std::filesystem::path& path) : file_(path) {
  std::string beginning(std::min<u64>(signature_bytes, file_.size()), '\0');
  file_.read(0, beginning.data(), beginning.size());
  std::string_view kind = kind_by_signature(beginning);
  if (beginning.starts_with("PK\3\4")) {
    read_zip();
  } else {
    // An older file with another pickle protocol than usual begins with some pickle.
    require(kind.starts_with("a PyTorch file") || kind == "a Python pickle",
            "not a PyTorch file{}{}", kind.empty() ? "" : ": it is ", kind);
    read_stream();
  }
}

void PyTorchArchive::read_zip() {
  std::map<std::string, StoredBytes> entries = zip_entries(file_);
  std::string folder;
  for (const auto& [name, where] : entries) {
    std::size_t slash = name.find('/');
    bool is_pickle = slash != std::string::npos && name.substr(slash) == "/data.pkl";
    require(!is_pickle || folder.empty(), "{}/data.pkl and {}: only one can be read", folder, name);
    if (is_pickle) folder = name.substr(0, slash);
  }
  require(!folder.empty(), "not a PyTorch file: a zip archive without data.pkl");
  require(entries.count(folder + "/constants.pkl") == 0,
          "a TorchScript archive; in Python, torch.save(torch.jit.load(FILE).state_dict(), OUT) "
          "gives a file that can be read");
  if (entries.count(folder + "/byteorder") != 0) {
    std::string order = text_of(entries, folder + "/byteorder");
    require(order == "little", "{}/byteorder is {}; known is little", folder, order);
  }
  pickle_ = text_of(entries, folder + "/data.pkl");
  object_ = unpickle(pickle_, 0, format("{}: {}/data.pkl, ", file_.path(), folder));
  require(object_.end == pickle_.size(), "{}/data.pkl has {} bytes behind its end", folder,
          pickle_.size() - object_.end);
  list_storages();
  const std::string data = folder + "/data/";
  for (auto& [key, storage] : storages_) {
    storage.where = entry(entries, data + key);
    u64 wanted = static_cast<u64>(storage.numel) * storage.type->bytes;
    require(storage.where.size == wanted, "{}{} has {} bytes, {} of {} elements take {}", data, key,
            storage.where.size, storage.type->name, storage.numel, wanted);
  }
}

StoredBytes PyTorchArchive::entry(const std::map<std::string, StoredBytes>& entries,
                                  const std::string& name) const {
  auto found = entries.find(name);
  require(found != entries.end(), "{} is not in the archive", name);
  require(!found->second.is_packed,
          "{} is compressed; unzip, then zip -0 -r make an archive that is not", name);
  return found->second;
}

std::string PyTorchArchive::text_of(const std::map<std::string, StoredBytes>& entries,
                                    const std::string& name) const {
  StoredBytes where = entry(entries, name);
  require(where.size <= largest_pickle, "{} of {} bytes is over the limit of {}", name, where.size,
          largest_pickle);
  std::string text(where.size, '\0');
  read_stored(file_, name, where, text.data());
  return text;
}

void PyTorchArchive::read_stream() {
  pickle_.resize(std::min<u64>(file_.size(), largest_pickle));
  file_.read(0, pickle_.data(), pickle_.size());
  std::string place = format("{}: ", file_.path());
  object_ = unpickle(pickle_, object_begin(place), place);
  Unpickled keys = unpickle(pickle_, object_.end, place);
  require(keys.root->kind == Kind::list, "the storages' keys are {}", name_of(keys.root->kind));
  list_storages();

  u64 at = keys.end;
  for (const PickleValue* key : keys.root->items) {
    auto found = key->kind == Kind::text ? storages_.find(key->text) : storages_.end();
    require(found != storages_.end() && found->second.where.begin == 0,
            "storage \"{}\" belongs to no tensor, or is there twice", key->text);
    at = place_storage(key->text, found->second, at);
  }
  for (const auto& [key, storage] : storages_)
    require(storage.where.begin != 0, "storage \"{}\" is not among the storages' keys", key);
  require(at == file_.size(), "{} bytes after the last storage", file_.size() - at);
}

// What is before the object.
std::size_t PyTorchArchive::object_begin(const std::string& place) const {
  Unpickled number = unpickle(pickle_, 0, place);
  require(number.root->kind == Kind::big && number.root->text == magic,
          "a Python pickle, but not torch.save()'s");
  Unpickled protocol = unpickle(pickle_, number.end, place);
  require(protocol.root->kind == Kind::whole && protocol.root->whole == stream_protocol,
          "torch.save()'s protocol is not {}", stream_protocol);
  Unpickled machine = unpickle(pickle_, protocol.end, place);
  require(machine.root->kind == Kind::dict && !says_big_endian(*machine.root),
          "written by a big-endian machine");
  return machine.end;
}

u64 PyTorchArchive::place_storage(std::string_view key, FileStorage& storage, u64 at) const {
  std::string count(sizeof storage.numel, '\0');
  require(count.size() <= file_.size() - at, "cut off: storage \"{}\" would begin at byte {}", key,
          at);
  file_.read(at, count.data(), count.size());
  at += count.size();
  require(little_endian(count) == static_cast<u64>(storage.numel),
          "storage \"{}\" at byte {} has {} elements, its tensors say {}", key, at,
          little_endian(count), storage.numel);
  u64 size = static_cast<u64>(storage.numel) * storage.type->bytes, left = file_.size() - at;
  require(size <= left, "cut off: storage \"{}\" takes {} bytes from {} on, {} are left", key, size,
          at, left);
  storage.where = {at, size};
  return at + size;
}

void PyTorchArchive::list_storages() {
  for (const PickleValue& value : object_.values) {
    if (value.kind != Kind::storage) continue;
    FileStorage storage{value.type, value.whole, {}};
    auto [found, is_new] = storages_.emplace(value.text, storage);
    require(is_new || (found->second.type == value.type && found->second.numel == value.whole),
            "storage \"{}\" is {} of {} elements, and {} of {}", value.text,
            found->second.type->name, found->second.numel, value.type->name, value.whole);
    // So no product of it with an element's size leaves 64 bits.
    require(static_cast<u64>(value.whole) <= file_.size(),
            "storage \"{}\" of {} elements is longer than the file", value.text, value.whole);
  }
}

void PyTorchArchive::read(std::string_view key, void* target) const {
  read_stored(file_, key, storage(key).where, target);
}

}  // namespace melgrad
