#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tensor/ops.h"

namespace melgrad {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST(Print, Numbers) {
  EXPECT_EQ(to_string(from_vector<double>({1, -2, 3})), "[ 1. -2.  3.] (3,) f64");
  EXPECT_EQ(to_string(from_vector<float>({.5, -1.25})), "[ 0.5000 -1.2500] (2,) f32");
  EXPECT_EQ(to_string(from_vector<double>({1e-5, 2})), "[1.0000e-05 2.0000e+00] (2,) f64");
  EXPECT_EQ(to_string(from_vector<double>({1e9, 1})), "[1.0000e+09 1.0000e+00] (2,) f64");
  EXPECT_EQ(to_string(from_vector<double>({nan, infinity, -infinity, 1})),
            "[ nan  inf -inf   1.] (4,) f64");
  EXPECT_EQ(to_string(from_vector<i64>({-7, 100})), "[ -7 100] (2,) i64");
  EXPECT_EQ(to_string(scalar(.25)), "0.2500 () f32");
  EXPECT_EQ(to_string(zeros({2, 0})), "[] (2, 0) f32");
  EXPECT_EQ(to_string(Tensor()), "undefined");
}

TEST(Print, Axes) {
  Tensor x = arange(8).reshape({2, 2, 2});
  EXPECT_EQ(to_string(x),
            "[[[0 1]\n"
            "  [2 3]]\n"
            "\n"
            " [[4 5]\n"
            "  [6 7]]] (2, 2, 2) i64");
  EXPECT_EQ(to_string(x.permute({2, 1, 0}).select(0, 1)),
            "[[1 5]\n"
            " [3 7]] (2, 2) i64");
}

TEST(Print, LongRowsBreak) {
  std::string text = to_string(full({60}, 123456, Dtype::i64));
  std::istringstream lines(text);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_LE(line.size(), 100U + 12);
    ++count;
  }
  EXPECT_EQ(count, 5);
}

TEST(Print, LargeTensorsAreSummarised) {
  EXPECT_EQ(to_string(arange(2000)), "[   0    1    2 ... 1997 1998 1999] (2000,) i64");
  EXPECT_EQ(to_string(arange(2000).reshape({500, 4})),
            "[[   0    1    2    3]\n"
            " [   4    5    6    7]\n"
            " [   8    9   10   11]\n"
            " ...\n"
            " [1988 1989 1990 1991]\n"
            " [1992 1993 1994 1995]\n"
            " [1996 1997 1998 1999]] (500, 4) i64");
}

TEST(Print, StreamsShowValuesAndMessagesDoNot) {
  std::ostringstream out;
  out << from_vector<double>({1, -2, 3});
  EXPECT_EQ(out.str(), "[ 1. -2.  3.] (3,) f64");
  EXPECT_EQ(format("{}", from_vector<double>({1, -2, 3})), "(3,) f64");
}

TEST(Print, MessagesHaveShapeAndDtype) {
  EXPECT_EQ(describe(zeros({2, 3}, Dtype::bf16)), "(2, 3) bf16");
  EXPECT_EQ(describe(Tensor()), "undefined");
}

}  // namespace melgrad
