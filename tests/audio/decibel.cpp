// Decibels by hand: 10 log10 of powers, 20 log10 of amplitudes, and their three limits.
#include "audio/spectra/decibel.h"

#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

using Values = std::vector<double>;

void expect_values(const Tensor& x, const Values& expected) {
  EXPECT_TRUE(allclose(x, from_vector(expected), 0, 1e-12))
      << x << testing::PrintToString(expected);
}

const Tensor powers = from_vector<double>({0, 1e-12, 1e-4, 1, 100});

TEST(Decibel, OfPowers) {
  expect_values(power_to_db(powers), {-60, -60, -40, 0, 20});
  expect_values(power_to_db(powers, {.top_db = {}}), {-100, -100, -40, 0, 20});
  expect_values(power_to_db(powers, {.ref = 10, .top_db = {}}), {-110, -110, -50, -10, 10});
  expect_values(power_to_db(powers, {.ref = -10, .top_db = {}}), {-110, -110, -50, -10, 10});
  expect_values(power_to_db(powers, {.ref = reference_maximum, .top_db = 30}),
                {-30, -30, -30, -20, 0});
  expect_values(power_to_db(powers, {.ref = 10, .top_db = 0}), {10, 10, 10, 10, 10});
  expect_values(power_to_db(powers, {.amin = .1, .top_db = {}}), {-10, -10, -10, 0, 20});
  // Neither the reference nor the largest value is below amin.
  expect_values(power_to_db(powers, {.ref = .001, .amin = 10, .top_db = {}}), {0, 0, 0, 0, 10});
  expect_values(power_to_db(powers, {.ref = reference_maximum, .amin = 1e4}), {0, 0, 0, 0, 0});
  expect_values(power_to_db(powers, {.amin = 1e4}), {0, 0, 0, 0, 0});
  // The largest value is that of the whole tensor.
  expect_values(power_to_db(powers.reshape({5, 1}), {.top_db = 30}).reshape({5}),
                {-10, -10, -10, 0, 20});
}

TEST(Decibel, OfAmplitudes) {
  Tensor amplitudes = from_vector<double>({0, 1e-6, .01, 1, 10});
  expect_values(amplitude_to_db(amplitudes), {-60, -60, -40, 0, 20});
  expect_values(amplitude_to_db(amplitudes, {.top_db = {}}), {-100, -100, -40, 0, 20});
  expect_values(amplitude_to_db(amplitudes, {.ref = 10}), {-80, -80, -60, -20, 0});
  expect_values(amplitude_to_db(amplitudes, {.ref = .1, .amin = .1, .top_db = {}}),
                {0, 0, 0, 20, 40});
  expect_values(amplitude_to_db(amplitudes, {.ref = reference_maximum, .top_db = 50}),
                {-50, -50, -50, -20, 0});
  EXPECT_NEAR(amplitude_to_db(ones({1}, Dtype::f64), {.ref = 2}).item(), -6.0205999132796239,
              1e-12);
  expect_values(amplitude_to_db(amplitudes * -1.), {-60, -60, -40, 0, 20});
}

TEST(Decibel, AndBack) {
  Tensor db = from_vector<double>({-20, 0, 10, 40});
  EXPECT_TRUE(allclose(db_to_power(db), from_vector<double>({.01, 1, 10, 1e4}), 1e-12, 0));
  EXPECT_TRUE(allclose(db_to_power(db, 3), from_vector<double>({.03, 3, 30, 3e4}), 1e-12, 0));
  Tensor root = from_vector<double>({.1, 1, std::sqrt(10), 100});
  EXPECT_TRUE(allclose(db_to_amplitude(db), root, 1e-12, 0));
  EXPECT_TRUE(allclose(db_to_amplitude(db, 3), root * 3., 1e-12, 0));
}

TEST(Decibel, Refusals) {
  for (double amin : {0., -1.})
    EXPECT_TRUE(
        contains(error_of([&] { power_to_db(powers, {.amin = amin}); }), "amin must be positive"));
  EXPECT_TRUE(contains(error_of([&] { power_to_db(powers, {.top_db = -1}); }),
                       "top_db must not be negative"));
  EXPECT_EQ(power_to_db(zeros({0, 3})).shape(), (Shape{0, 3}));
}

}  // namespace
}  // namespace melgrad
