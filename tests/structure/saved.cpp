#include <gtest/gtest.h>

#include <regex>

#include "tests/structure/sources.h"

// An operation's Saved members are all in its saved(): only those are watched for changes in place, and let go of.
namespace melgrad::testing {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::string text;
  for (const std::string& line : lines(file)) text += line + '\n';
  return text;
}

/// The names in a list, "a, b" or "&a, &b".
std::vector<std::string> names_in(const std::string& list) {
  static const std::regex name(R"(\w+)");
  std::vector<std::string> names;
  for (std::sregex_iterator at(list.begin(), list.end(), name), end; at != end; ++at)
    names.push_back(at->str());
  return names;
}

/// "Relu: y|y": the operation, its members, and what saved() lists.
struct Operation {
  std::string name;
  std::vector<std::string> members, listed;
};
std::vector<Operation> operations_in(const std::string& text) {
  static const std::regex operation(R"(\nstruct (\w+) final : Function \{([^]*?)\n\};)");
  static const std::regex member(R"(\n  Saved ([\w, ]+);)");
  static const std::regex listed(R"(saved\(\) override \{\s*return \{([^}]*)\};)");
  std::vector<Operation> found;
  for (std::sregex_iterator at(text.begin(), text.end(), operation), end; at != end; ++at) {
    std::string body = "\n" + (*at)[2].str();
    std::smatch members, list;
    Operation one{(*at)[1].str(), {}, {}};
    if (std::regex_search(body, members, member)) one.members = names_in(members[1].str());
    if (std::regex_search(body, list, listed)) one.listed = names_in(list[1].str());
    found.push_back(std::move(one));
  }
  return found;
}

TEST(Saved, EveryMemberIsListed) {
  std::size_t with_members = 0;
  for (const auto& file : sources_below("autograd/functions"))
    for (const Operation& operation : operations_in(text_of(file))) {
      EXPECT_EQ(operation.members, operation.listed) << operation.name << " in " << file;
      with_members += operation.members.empty() ? 0 : 1;
    }
  EXPECT_GE(with_members, 35U) << "the operations were not understood";
}

TEST(Saved, TheCheckSeesAMemberThatIsNot) {
  std::vector<Operation> found = operations_in(
      "\nstruct Mul final : Function {\n  Saved a, b;\n"
      "  std::vector<Saved*> saved() override { return {&a}; }\n};\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].members, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(found[0].listed, (std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace melgrad::testing
