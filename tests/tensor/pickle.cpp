#include "tensor/files/pytorch/pickle.h"

#include <gtest/gtest.h>

#include "kernels/error.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

using Kind = PickleValue::Kind;
using namespace std::string_literals;

std::string refusal(const std::string& pickle) {
  std::string text = error_of([&] { unpickle(pickle, 0, ""); });
  std::string start = "[load_pytorch] byte ";
  EXPECT_TRUE(text.starts_with(start)) << text;
  return text.substr(std::min(text.size(), start.size()));
}

/// A value and those in it as Python writes them, but for quotation marks: "{a: [1, 2.5, None]}".
std::string spelt(const PickleValue& value) {
  auto list = [&](const char* open, const char* close) {
    std::string items;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      bool is_value = value.kind == Kind::dict && i % 2 == 1;
      items += (i == 0 ? "" : is_value ? ": " : ", ") + spelt(*value.items[i]);
    }
    return open + items + close;
  };
  switch (value.kind) {
    case Kind::none: return "None";
    case Kind::boolean: return value.whole != 0 ? "True" : "False";
    case Kind::whole: return std::to_string(value.whole);
    case Kind::big: return format("{} bytes", value.text.size());
    case Kind::real: return format("{}", value.real);
    case Kind::tuple: return list("(", ")");
    case Kind::list: return list("[", "]");
    case Kind::dict: return list("{", "}");
    case Kind::tensor: return "tensor" + list("(", ")");
    case Kind::storage:
      return format("{} {} of {}", value.type->name, value.text, value.whole) + list("[", "]");
    default: return std::string(value.text);
  }
}
std::string spelt(const std::string& pickle) { return spelt(*unpickle(pickle, 0, "").root); }

const std::string rebuild = "ctorch._utils\n_rebuild_tensor\n";
const std::string storage = "X\7\0\0\0storagectorch\nHalfStorage\nX\1\0\0\0kX\3\0\0\0cpuK\5"s;

}  // namespace

TEST(Pickle, MakesPythonsValues) {
  EXPECT_EQ(spelt("\200\2N."), "None");
  EXPECT_EQ(spelt("\200\2\210."), "True");
  EXPECT_EQ(spelt("\200\2(K\377M\1\2J\376\377\377\377t."), "(255, 513, -2)");
  EXPECT_EQ(spelt("\200\2(\212\0\212\1\377\212\2\0\1\213\4\0\0\0\0\0\0\200t."s),
            "(0, -1, 256, -2147483648)");
  EXPECT_EQ(spelt("\200\2(\212\10\0\0\0\0\0\0\0\200\212\11\0\0\0\0\0\0\0\200\0t."s),
            "(-9223372036854775808, 9 bytes)");
  EXPECT_EQ(spelt("\200\2G\277\370\0\0\0\0\0\0."s), "-1.5");
  EXPECT_EQ(spelt("\200\4](X\1\0\0\0a\214\1b\215\1\0\0\0\0\0\0\0cU\1dT\1\0\0\0e"
                  "B\1\0\0\0\377C\1g\216\1\0\0\0\0\0\0\0he."s),
            "[a, b, c, d, e, \377, g, h]");
  EXPECT_EQ(spelt("\200\2()K\1\205K\1K\2\206K\1K\2K\3\207t."), "((), (1), (1, 2), (1, 2, 3))");
  EXPECT_EQ(spelt("\200\2]K\1a(K\2K\3e."), "[1, 2, 3]");
  EXPECT_EQ(spelt("\200\2}K\1K\2s(K\3K\4K\1K\6u."), "{1: 2, 3: 4, 1: 6}");
  EXPECT_EQ(spelt("\200\2(K\7q\377K\010r\0\0\0\1\224h\2j\0\0\0\1h\377t."s), "(7, 8, 8, 8, 7)");
  EXPECT_EQ(spelt("\200\4\225\1\0\0\0\0\0\0\0N."s), "None");
}

TEST(Pickle, CallsWhatAStateDictNeeds) {
  EXPECT_EQ(spelt("\200\2ccollections\nOrderedDict\n]]K\1aK\2aa\205R."), "{1: 2}");
  EXPECT_EQ(spelt("\200\2ccollections\nOrderedDict\n)R(K\1K\2u}b."), "{1: 2}");
  EXPECT_EQ(spelt("\200\4\214\5torch\214\4Size\223K\1K\2\206\205R."), "(1, 2)");
  EXPECT_EQ(spelt("\200\2ctorch\ndevice\nX\3\0\0\0cpuK\0\206R."s), "cpu");
  EXPECT_EQ(spelt("\200\2(" + storage + "tQ."), "torch.HalfStorage k of 5[]");
  EXPECT_EQ(spelt("\200\2(" + storage + "NtQ."), "torch.HalfStorage k of 5[]");
  EXPECT_EQ(spelt("\200\2(" + storage + "X\1\0\0\0vK\1K\2\207tQ."s),
            "torch.HalfStorage k of 5[1, 2]");
  std::string tensor = "tensor(torch.HalfStorage k of 5[], 1, (2), (3))";
  EXPECT_EQ(spelt("\200\2" + rebuild + "((" + storage + "tQK\1K\2\205K\3\205tR."), tensor);
  tensor = rebuild + "((" + storage + "tQK\1K\2\205K\3\205tR";
  std::string expected = spelt("\200\2" + tensor + ".");
  for (std::string parameter : {"_rebuild_parameter", "_rebuild_parameter_with_state"}) {
    parameter += "\n(" + tensor + "\210NtR.";
    EXPECT_EQ(spelt("\200\2ctorch._utils\n" + parameter), expected);
  }
}

TEST(Pickle, RunsNothing) {
  std::string why =
      ": refused, a file can never run anything; of a model, torch.save(model.state_dict(), FILE) "
      "saves what can be read";
  EXPECT_EQ(refusal("\200\2cos\nsystem\nX\4\0\0\0true\205R."s), "2: names os.system" + why);
  EXPECT_EQ(refusal("\200\4\214\2os\214\6system\223."), "14: names os.system" + why);
  EXPECT_EQ(refusal("\200\2cbuiltins\neval\n."), "2: names builtins.eval" + why);
  EXPECT_EQ(refusal("\200\2ctorch.storage\n_load_from_bytes\n."),
            "2: names torch.storage._load_from_bytes" + why);
  EXPECT_EQ(refusal("\200\2ctorch\nUntypedStorage\n."), "2: names torch.UntypedStorage" + why);
  EXPECT_EQ(refusal("\200\2ctorch\nFloatStorage\n)R."),
            "23: a call of the function torch.FloatStorage with a tuple");
  EXPECT_EQ(refusal("\200\2X\1\0\0\0x)R."s), "9: a call of a str x with a tuple");
  EXPECT_EQ(refusal("\200\2c\377\n\377\n."), "2: a name that is not UTF-8");
  EXPECT_EQ(refusal("\200\2c" + std::string(300, 'a') + "\nb\n."), "2: a name without an end");
  EXPECT_EQ(refusal("\200\4K\1K\2\223."), "6: a name that is no text");
  for (char opcode :
       "\201\222\202\203\204PioIFSVLpg012dl"s)  // NEWOBJ, EXT1, PERSID, INST, OBJ, INT …
    EXPECT_TRUE(contains(refusal("\200\2"s + opcode), " is none that a state dict needs"))
        << opcode;
}

TEST(Pickle, RefusesWhatIsCutOff) {
  EXPECT_EQ(refusal(""), "0: cut off: 1 bytes are wanted, 0 are left");
  EXPECT_EQ(refusal("\200\2"), "2: cut off: 1 bytes are wanted, 0 are left");
  EXPECT_EQ(refusal("\200\2X\377\377\377\377."),
            "2: cut off: 4294967295 bytes are wanted, 1 are left");
  EXPECT_EQ(refusal("\200\4\215\377\377\377\377\377\377\377\377."),
            "2: cut off: 18446744073709551615 bytes are wanted, 1 are left");
  EXPECT_EQ(refusal("\200\2cos"), "2: a name without an end");
  EXPECT_EQ(refusal("\200\2K"), "2: cut off: 1 bytes are wanted, 0 are left");
}

TEST(Pickle, RefusesAWrongStack) {
  EXPECT_EQ(refusal("\200\2."), "2: STOP with 0 objects and 0 marks on the stack");
  EXPECT_EQ(refusal("\200\2NN."), "4: STOP with 2 objects and 0 marks on the stack");
  EXPECT_EQ(refusal("\200\2(N."), "4: STOP with 1 objects and 1 marks on the stack");
  EXPECT_EQ(refusal("\200\2\205"), "2: too few objects on the stack");
  EXPECT_EQ(refusal("\200\2N(\205"), "4: too few objects on the stack");
  EXPECT_EQ(refusal("\200\2t"), "2: no mark on the stack");
  EXPECT_EQ(refusal("\200\2q\1"), "2: too few objects on the stack");
  EXPECT_EQ(refusal("\200\2h\1"), "2: object 1 of the memo was not put there");
  EXPECT_EQ(refusal("\200\2NNa"), "4: items are added to None, which is not a list");
  EXPECT_EQ(refusal("\200\2]NNs"), "5: items are added to a list, which is not a dict");
  EXPECT_EQ(refusal("\200\2}(Nu"), "5: a key without a value");
  EXPECT_EQ(refusal("\200\2N}b"), "4: attributes for None");
  EXPECT_EQ(refusal("\200\7."), "0: pickle protocol 7; known are 2 to 5");
  EXPECT_EQ(refusal("\200\2X\1\0\0\0\377."s), "2: a text that is not UTF-8");
}

TEST(Pickle, RefusesWrongArguments) {
  std::string made = "a tensor is made of a storage, an offset, sizes and strides, not of this";
  EXPECT_EQ(refusal("\200\2" + rebuild + ")R"), "33: " + made);
  EXPECT_EQ(refusal("\200\2" + rebuild + "(NK\1))tR"), "39: " + made);
  EXPECT_EQ(refusal("\200\2ctorch\nSize\n)R"), "15: a call without arguments");
  std::string dict = "\200\2ccollections\nOrderedDict\n";
  EXPECT_EQ(refusal(dict + "N\205R"), "29: OrderedDict of something else than pairs");
  EXPECT_EQ(refusal(dict + "]Na\205R"), "31: OrderedDict of something else than pairs");
  std::string takes = "BINPERSID takes a storage's class, key, device and size, not this";
  EXPECT_EQ(refusal("\200\2NQ"), "3: " + takes);
  EXPECT_EQ(refusal("\200\2(X\6\0\0\0moduleNNNNtQ"s), "19: " + takes);
  EXPECT_TRUE(refusal("\200\2(" + storage.substr(0, storage.size() - 2) + "J\377\377\377\377tQ")
                  .ends_with(takes));
  EXPECT_TRUE(refusal("\200\2(" + storage + "K\1tQ").ends_with("a storage's view of an int"));
  EXPECT_TRUE(
      refusal("\200\2(" + storage + ")tQ").ends_with("a storage's view without offset and size"));
}

// A pickle of some megabytes cannot ask for gigabytes, nor for more depth than there is.
TEST(Pickle, RefusesTooMuch) {
  EXPECT_EQ(spelt("\200\2Nr\0\312\232\073."s), "None") << "object 10^9 of the memo";
  EXPECT_EQ(refusal("\200\2" + std::string(2000, '(')),
            "1002: more than 1000 objects within each other");
  EXPECT_EQ(refusal("\200\4N" + std::string(most_pickled_values + 1, '\224')),
            "1048579: more than 1048576 objects")
      << "of the memo";
  std::string listed = "\200\2]";
  for (std::size_t i = 0; i < most_pickled_values; ++i) listed += "Na";
  EXPECT_EQ(refusal(listed), "2097153: more than 1048576 objects");
  std::string again = "\200\2Nq\1";
  for (std::size_t i = 0; i < most_pickled_values; ++i) again += "h\1";
  EXPECT_EQ(refusal(again), "2097155: more than 1048576 objects");
  std::string pairs = "\200\2ccollections\nOrderedDict\nq\1](";
  for (int i = 0; i < 3000; ++i) pairs += "NN\206";
  pairs += "eq\2";
  for (int i = 0; i < 1000; ++i) pairs += "h\1h\2\205R";
  EXPECT_EQ(refusal(pairs), "11133: more than 1048576 objects") << "one list, many dicts";
  std::string nested = "\200\2]";
  for (int i = 0; i < 100'000; ++i) nested += ']';
  EXPECT_EQ(unpickle(nested + std::string(100'000, 'a') + ".", 0, "").values.size(), 100'001U);
  Unpickled loop = unpickle("\200\2]q\1h\1a.", 0, "");
  EXPECT_EQ(loop.root->items.front(), loop.root);
}

}  // namespace melgrad
