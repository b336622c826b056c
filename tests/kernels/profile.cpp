#include "kernels/profile/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "kernels/profile/calls.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

const ProfileLine& line_of(const std::vector<ProfileLine>& lines, const std::string& name) {
  auto found = std::find_if(lines.begin(), lines.end(),
                            [&](const ProfileLine& line) { return line.call.name == name; });
  if (found == lines.end()) throw Error("no call of " + name);
  return *found;
}

void fill(i64 n) {
  std::vector<float> y(static_cast<std::size_t>(n));
  cpu().fill(Dtype::f32, 1, n, y.data());
}

std::size_t times_in(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(Profile, countsCallsThatAreAlikeTogether) {
  Profile profile;
  EXPECT_TRUE(profiling());
  for (int i = 0; i < 3; ++i) fill(5);
  fill(6);
  profile.stop();
  EXPECT_FALSE(profiling());
  fill(7);
  std::vector<ProfileLine> lines = profile.lines();
  ASSERT_EQ(lines.size(), 2U);
  const ProfileLine& of_five = lines[lines[0].call.sizes == "f32 (5)" ? 0 : 1];
  EXPECT_EQ(of_five.call.sizes, "f32 (5)");
  EXPECT_EQ(of_five.calls, 3);
  EXPECT_EQ(of_five.call.bytes, 20);
  EXPECT_GE(lines[0].seconds, lines[1].seconds);
  EXPECT_NEAR(lines[0].seconds + lines[1].seconds, profile.seconds_in_calls(), 1e-12);
  EXPECT_LE(profile.seconds_in_calls(), profile.seconds());
}

TEST(Profile, knowsHowMuchOfAProductIsComputed) {
  std::vector<float> a(2 * 3 * 5), w(5 * 7), y(2 * 3 * 7);
  Profile profile;
  cpu().matmul({.batch = 2,
                .m = 3,
                .n = 7,
                .k = 5,
                .a_batch = 15,
                .a_row = 5,
                .a_col = 1,
                .b_row = 7,
                .b_col = 1},
               Dtype::f32, a.data(), w.data(), nullptr, y.data());
  ProfiledCall call = line_of(profile.lines(), "matmul").call;
  EXPECT_EQ(call.sizes, "f32 2 of (3, 5) by (5, 7)");
  EXPECT_EQ(call.flop, 2 * 2 * 3 * 5 * 7);
  EXPECT_EQ(call.bytes, 4 * 2 * (3 * 5 + 5 * 7 + 3 * 7));
}

// All three passes multiply as often: for each output each weight.
TEST(Profile, knowsHowMuchOfAConvolutionIsComputed) {
  ConvShape s{.n = 2,
              .h = 6,
              .w = 5,
              .c = 4,
              .o = 6,
              .kh = 2,
              .kw = 1,
              .stride_h = 2,
              .groups = 2,
              .p = 3,
              .q = 5};
  std::vector<float> x(2 * 6 * 5 * 4), w(6 * 2 * 2), y(2 * 3 * 5 * 6);
  Profile profile;
  cpu().conv2d(s, Dtype::f32, false, x.data(), w.data(), nullptr, y.data());
  cpu().conv2d_backward_data(s, Dtype::f32, y.data(), w.data(), x.data());
  cpu().conv2d_backward_weights(s, Dtype::f32, x.data(), y.data(), w.data(), nullptr);
  for (const char* name : {"conv2d", "conv2d_backward_data", "conv2d_backward_weights"}) {
    ProfiledCall call = line_of(profile.lines(), name).call;
    EXPECT_EQ(call.sizes, "f32 (2, 6, 5, 4) * (6, 2, 1, 2), stride (2, 1), groups 2");
    EXPECT_EQ(call.flop, 2. * (2 * 3 * 5 * 6) * (2 * 1 * 2));
    EXPECT_EQ(call.bytes, 4. * (2 * 6 * 5 * 4 + 6 * 2 * 2 + 2 * 3 * 5 * 6));
  }
}

TEST(Profile, knowsHowMuchOfARecurrentLayerIsComputed) {
  RnnShape s{.mode = RnnMode::gru, .t = 3, .n = 2, .input = 4, .hidden = 5};
  std::vector<float> w_ih(15 * 4), w_hh(15 * 5), x(3 * 2 * 4), y(3 * 2 * 5), hn(2 * 5);
  Profile profile;
  cpu().rnn(s, Dtype::f32, {.w_ih = w_ih.data(), .w_hh = w_hh.data()}, x.data(), nullptr, nullptr,
            y.data(), hn.data(), nullptr, nullptr);
  EXPECT_EQ(line_of(profile.lines(), "gru").call.flop, 2. * 3 * 2 * 15 * (4 + 5));
}

// The tables of names are in the order of the enums: their ends, and some between.
TEST(Profile, callsOperationsByTheirNames) {
  EXPECT_EQ(calls::name_of(UnaryOp::neg), "neg");
  EXPECT_EQ(calls::name_of(UnaryOp::exp), "exp");
  EXPECT_EQ(calls::name_of(UnaryOp::sigmoid), "sigmoid");
  EXPECT_EQ(calls::name_of(UnaryOp::relu), "relu");
  EXPECT_EQ(calls::name_of(UnaryOp::gelu), "gelu");
  EXPECT_EQ(calls::name_of(BinaryOp::add), "add");
  EXPECT_EQ(calls::name_of(BinaryOp::maximum), "maximum");
  EXPECT_EQ(calls::name_of(BinaryOp::tanh_backward), "tanh_backward");
  EXPECT_EQ(calls::name_of(CompareOp::eq), "eq");
  EXPECT_EQ(calls::name_of(CompareOp::le), "le");
  EXPECT_EQ(calls::name_of(ReduceOp::mean), "mean");
  EXPECT_EQ(calls::name_of(ReduceOp::min), "min");
  EXPECT_EQ(calls::name_of(Distribution::normal), "normal");
}

// A broadcast operand has as many bytes as it has values.
TEST(Profile, knowsHowMuchOfABroadcastThereIs) {
  std::vector<float> a(2 * 3), b(3), y(2 * 3);
  BroadcastShape s{.rank = 2, .size = {2, 3}, .a_stride = {3, 1}, .b_stride = {0, 1}};
  Profile profile;
  cpu().binary(BinaryOp::mul, Dtype::f32, s, a.data(), b.data(), y.data());
  ProfiledCall call = line_of(profile.lines(), "mul").call;
  EXPECT_EQ(call.sizes, "f32 (2, 3)");
  EXPECT_EQ(call.bytes, 4 * (6 + 3 + 6));
}

TEST(Profile, isOneAtATime) {
  {
    Profile profile;
    EXPECT_THROW(Profile{}, Error);
    fill(3);
    EXPECT_EQ(profile.lines().size(), 1U) << "the second one took nothing away";
  }
  Profile another;
  EXPECT_TRUE(another.lines().empty());
}

// A call that is refused has no time, and is refused as before.
TEST(Profile, leavesOutWhatFailed) {
  std::vector<i64> x(3), zero(3), y(3);
  BroadcastShape s{.rank = 1, .size = {3}, .a_stride = {1}, .b_stride = {1}};
  Profile profile;
  EXPECT_THROW(cpu().binary(BinaryOp::div, Dtype::i64, s, x.data(), zero.data(), y.data()), Error);
  EXPECT_TRUE(profile.lines().empty());
}

TEST(Profile, keepsThreadsApart) {
  Profile profile;
  fill(4);
  std::thread([] {
    Span span("beside");
    fill(4);
  }).join();
  profile.stop();
  EXPECT_EQ(line_of(profile.lines(), "fill").calls, 2);
  EXPECT_LT(profile.seconds_in_calls(), line_of(profile.lines(), "fill").seconds)
      << "only the thread that began it counts";
  std::string trace = profile.trace();
  EXPECT_EQ(times_in(trace, "\"thread_name\""), 2U);
  EXPECT_EQ(times_in(trace, "\"main\""), 1U);
}

TEST(Profile, namesSpansInTheTraceAlone) {
  Profile profile;
  {
    Span outer("a \"span\" \\ of\nmine");
    fill(2);
  }
  Span unfinished("unfinished");
  profile.stop();
  EXPECT_EQ(profile.lines().size(), 1U);
  EXPECT_EQ(times_in(profile.trace(), R"("a \"span\" \\ of mine")"), 1U) << profile.trace();
  EXPECT_EQ(times_in(profile.trace(), "unfinished"), 0U);
}

TEST(Profile, endsTheTraceWhereItWouldBeTooLong) {
  Profile profile(2);
  for (int i = 0; i < 5; ++i) fill(2);
  profile.stop();
  EXPECT_EQ(times_in(profile.trace(), "\"fill\""), 2U);
  EXPECT_EQ(times_in(profile.trace(), R"("events left out": "3")"), 1U);
  EXPECT_EQ(line_of(profile.lines(), "fill").calls, 5);
}

TEST(Profile, saysHowManyKindsOfCallItLeavesOutOfTheTable) {
  Profile profile;
  for (int n = 1; n < 8; ++n) fill(n);
  profile.stop();
  std::string table = profile.table(3);
  EXPECT_EQ(times_in(table, " fill\n"), 1U) << table;
  EXPECT_EQ(times_in(table, "         7 "), 1U) << "calls of all sizes: " << table;
  EXPECT_EQ(times_in(table, " fill f32 ("), 3U) << table;
  EXPECT_EQ(times_in(table, "of 4 others"), 1U) << table;
  EXPECT_EQ(times_in(profile.table(), "others"), 0U);
}

}  // namespace
}  // namespace melgrad
