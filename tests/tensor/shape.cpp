#include "tensor/shape.h"

#include <gtest/gtest.h>

#include "tests/error_of.h"

namespace melgrad {

TEST(Shape, CountsNegativePositionsFromTheEnd) {
  Shape shape{2, 3, 4};
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape.back(), 4);
  shape.insert(1, 7);
  EXPECT_EQ(shape, (Shape{2, 7, 3, 4}));
  shape.erase(-2);
  EXPECT_EQ(shape, (Shape{2, 7, 4}));
}

TEST(Shape, RowMajorStrides) {
  EXPECT_EQ((Shape{2, 3, 4}).row_major(), (Shape{12, 4, 1}));
  EXPECT_EQ((Shape{2, 0, 4}).row_major(), (Shape{4, 4, 1}));
  EXPECT_EQ(Shape{}.row_major(), Shape{});
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape{}.numel(), 1);
  EXPECT_EQ((Shape{3, 0}).numel(), 0);
  EXPECT_EQ(error_of([] {
              return (Shape{i64{1} << 40, i64{1} << 40}).numel();
            }),
            "[shape] more elements than 63 bits can count: (1099511627776, 1099511627776)");
}

TEST(Shape, PrintsAsPythonDoes) {
  EXPECT_EQ(to_string(Shape{8, 3}), "(8, 3)");
  EXPECT_EQ(to_string(Shape{8}), "(8,)");
  EXPECT_EQ(to_string(Shape{}), "()");
}

TEST(Shape, RefusesNineAxes) {
  Shape shape = Shape::filled(8, 1);
  EXPECT_EQ(error_of([&] { shape.push_back(1); }),
            "[shape] at most 8 axes, (1, 1, 1, 1, 1, 1, 1, 1) already has them");
}

TEST(Shape, BroadcastsFromTheEnd) {
  EXPECT_EQ(broadcast_shape({3, 1}, {2, 1, 4}, "add"), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shape({}, {2}, "add"), (Shape{2}));
  EXPECT_EQ(broadcast_shape({1}, {0}, "add"), (Shape{0}));
  EXPECT_EQ(error_of([] {
              broadcast_shape({2, 3}, {2, 4}, "add");
            }),
            "[add] shapes do not broadcast, 3 against 4 from the end: (2, 3) and (2, 4)");
}

TEST(Shape, RefusesAxesThatAreNotThere) {
  EXPECT_EQ(normalize_axis(-1, 3, "sum"), 2);
  EXPECT_EQ(error_of([] { normalize_axis(3, 3, "sum"); }),
            "[sum] there is no axis 3 in a tensor of 3 axes");
  EXPECT_EQ(error_of([] { normalize_axis(-1, 0, "sum"); }),
            "[sum] there is no axis -1 in a tensor of 0 axes");
}

}  // namespace melgrad
