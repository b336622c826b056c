#include "autograd/tools/anomaly.h"

#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

// In a named namespace: a function without a public symbol has no name to find.
namespace anomaly_test {

using namespace melgrad;

__attribute__((noinline)) Variable broken_layer(const Variable& x) { return log(x) * 2; }

TEST(Anomaly, NamesTheOperationTheCountAndTheCallerInForward) {
  AnomalyMode anomaly;
  Scope net("net"), layer("features.3");
  Variable x(from_vector(std::vector<double>{1, 2, 0, -1, 3, -2}, {2, 3}), true);
  EXPECT_ERROR(broken_layer(x), "[log] the result (2, 3) f64 has 2 NaN and 1 infinite values");
  EXPECT_ERROR(broken_layer(x), "the first at (0, 2)");
  EXPECT_ERROR(broken_layer(x), "net.features.3, in anomaly_test::broken_layer(");
}

TEST(Anomaly, NamesTheOperationInBackward) {
  AnomalyMode anomaly;
  Variable x(from_vector(std::vector<double>{4, 0}), true);
  Variable y = sum(sqrt(x) * 3);  // finite, but the derivative at 0 is not
  EXPECT_ERROR(y.backward(), "[sqrt] the gradient of input 0 (2,) f64 has 0 NaN and 1 infinite");
}

TEST(Anomaly, SearchesWithoutGradientsToo) {
  AnomalyMode anomaly;
  NoGrad no_grad;
  EXPECT_ERROR(log(Variable(zeros({1}))), "[log] the result");
}

TEST(Anomaly, IsOffWithoutOne) {
  { AnomalyMode anomaly; }
  EXPECT_FALSE(anomaly_mode());
  EXPECT_NO_THROW(log(Variable(zeros({1}))));
}

TEST(Anomaly, LeavesGoodValuesAlone) {
  AnomalyMode anomaly;
  Variable x(ones({3}), true);
  Variable y = sum(exp(x));
  EXPECT_NO_THROW(y.backward());
}

TEST(Scopes, Nest) {
  EXPECT_EQ(Scope::path(), "");
  Scope outer("net");
  {
    Scope unnamed(""), inner("3");
    EXPECT_EQ(Scope::path(), "net.3");
  }
  EXPECT_EQ(Scope::path(), "net");
}

}  // namespace anomaly_test
