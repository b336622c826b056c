#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/cudasim/block.h"
#include "kernels/cudasim/device_memory.h"
#include "kernels/cudasim/fiber.h"
#include "kernels/cudasim/stream.h"
#include "kernels/error.h"
#include "kernels/sanitizers.h"
#include "tests/cudasim/broken_kernels.h"

namespace melgrad {
namespace {

constexpr bool with_asan = MELGRAD_ASAN;
constexpr bool with_tsan = MELGRAD_TSAN;
constexpr bool checked_memory = MELGRAD_CHECKED_MEMORY;  // as in kernels/cudasim/checked_memory.cpp

constexpr std::size_t count = 64;

/// x = 0, 1, … 63 and y, exactly 64 floats, on the simulated device.
class Simulator : public testing::Test {
 protected:
  Simulator() : x_(array()), y_(array()) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 0.0F);
    cuda::copy(x_, values.data(), bytes, cuda::Direction::to_device, stream_);
  }
  ~Simulator() override {
    sim::set_thread_order(sim::ThreadOrder::forward);
    sim::device_free(x_);
    sim::device_free(y_);
  }

  static float* array() { return static_cast<float*>(sim::device_malloc(bytes)); }

  std::vector<float> run(const std::string& name) {
    std::vector<float> values(count, 0);
    cuda::copy(y_, values.data(), bytes, cuda::Direction::to_device, stream_);
    for (const auto& kernel : broken::cases()) {
      if (name == kernel.name) kernel.run(x_, y_, stream_);
    }
    cuda::copy(values.data(), y_, bytes, cuda::Direction::to_host, stream_);
    return values;
  }
  std::string error_of(const std::string& name) {
    try {
      run(name);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  static constexpr std::size_t bytes = count * sizeof(float);
  float *x_, *y_;
  inline static const cuda::Stream stream_ = cuda::create_stream();
};

/// "broken_kernels.cu:30", where the function of that name is marked with a fault.
std::string fault(const std::string& function) {
  std::ifstream source(MELGRAD_TEST_DATA "/cudasim/broken_kernels.cu");
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(source, line); ++number) {
    inside = inside || line.find(" " + function + "(") != std::string::npos;
    if (inside && line.ends_with("// fault")) return "broken_kernels.cu:" + std::to_string(number);
  }
  ADD_FAILURE() << "no fault is marked in " << function;
  return "no line";
}

void expect_words(const std::string& message, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' is not in: " << message;
  }
}

TEST_F(Simulator, runs_correct_kernels_in_every_order) {
  std::vector<float> same(count), reversed(count), neighbours(count), shuffled(count);
  for (std::size_t i = 0; i < count; ++i) {
    same[i] = static_cast<float>(i);
    reversed[i] = static_cast<float>(count - 1 - i);
    neighbours[i] = static_cast<float>(i ^ 1U);
    shuffled[i] = static_cast<float>(i % 32 < 16 ? i / 32 * 32 : i);
  }
  for (auto order :
       {sim::ThreadOrder::forward, sim::ThreadOrder::reverse, sim::ThreadOrder::random}) {
    sim::set_thread_order(order, 7);
    EXPECT_EQ(run("reverse"), reversed);
    EXPECT_EQ(run("barrier_for_all"), same);
    EXPECT_EQ(run("neighbour"), neighbours);
    EXPECT_EQ(run("shuffle_with_its_mask"), shuffled);
    EXPECT_EQ(run("initialised_dynamic"), same);
    EXPECT_EQ(run("initialised_static"), same);
    EXPECT_EQ(run("written_by_one"), same);
    EXPECT_EQ(run("sum_from_zero")[63], 63 * 64 / 2);
    EXPECT_EQ(run("initialised_argument"), same);
    EXPECT_EQ(run("written_by_each_block"), same);
    EXPECT_EQ(run("struct_with_a_gap"), same);
    EXPECT_EQ(run("to_the_end"), same);
    EXPECT_EQ(run("pack_in_its_place"), same);
    EXPECT_EQ(run("atomic_sum")[0], 63 * 64 / 2);
  }
}

TEST_F(Simulator, names_threads_and_lines_of_a_barrier_that_not_all_reach) {
  expect_words(error_of("barrier_in_a_branch"),
               {"[barrier_in_a_branch]", "block (0, 0, 0) of (1, 1, 1)",
                "threads 0–39 are at the barrier " + fault("barrier_in_a_branch"),
                "threads 40–63 left the kernel"});
  expect_words(error_of("barrier_after_return"),
               {"[barrier_after_return]",
                "threads 0–4, 6–63 are at the barrier " + fault("barrier_after_return"),
                "thread 5 left the kernel"});
  expect_words(error_of("two_barriers"),
               {"[two_barriers]", "barrier divergence",
                "threads 0–31 are at the barrier " + fault("two_barriers"), "threads 32–63"});
}

TEST_F(Simulator, names_lanes_and_mask_of_a_collective_that_not_all_reach) {
  expect_words(error_of("shuffle_of_half_a_warp"),
               {"[shuffle_of_half_a_warp]", "block (0, 0, 0) of (1, 1, 1)", "threads 0–15",
                fault("shuffle_of_half_a_warp") + " with mask 0xffffffff", "left the kernel"});
  expect_words(error_of("mask_without_caller"),
               {"[mask_without_caller]", "thread (16, 0, 0)",
                "leaves it out, at " + fault("mask_without_caller")});
}

TEST_F(Simulator, refuses_a_pack_between_packs) {
  expect_words(error_of("pack_from_anywhere"),
               {"[pack_from_anywhere]", "thread (1, 0, 0)", "reads or writes 16 bytes at"});
}

TEST_F(Simulator, works_again_after_an_error) {
  EXPECT_NE(error_of("barrier_in_a_branch"), "no error");
  EXPECT_EQ(run("to_the_end")[63], 63);
}

TEST_F(Simulator, shows_a_missing_barrier_in_some_order) {
  if (with_tsan) GTEST_SKIP() << "ThreadSanitizer reports it";
  if (checked_memory) GTEST_SKIP() << "the first read is an error here";
  bool forward_hides_it = run("reverse_without_barrier") == run("reverse");
  sim::set_thread_order(sim::ThreadOrder::reverse);
  bool reverse_hides_it = run("reverse_without_barrier") == run("reverse");
  EXPECT_FALSE(forward_hides_it && reverse_hides_it);
}

TEST_F(Simulator, names_thread_and_line_that_read_what_nobody_wrote) {
  if (!checked_memory) GTEST_SKIP() << "is in test_cudasim_checked";
  auto expect_fault = [this](const std::string& kernel, const std::string& who) {
    expect_words(error_of(kernel),
                 {"[" + kernel + "]", who + " reads shared memory", fault(kernel)});
  };
  expect_fault("uninitialised_dynamic", "block (0, 0, 0) of (1, 1, 1): thread (7, 0, 0)");
  expect_fault("uninitialised_static", "block (0, 0, 0) of (1, 1, 1): thread (7, 0, 0)");
  expect_fault("never_written", "thread (0, 0, 0)");
  expect_fault("sum_without_start", "thread (0, 0, 0)");
  expect_fault("left_by_the_block_before", "block (1, 0, 0) of (2, 1, 1): thread (63, 0, 0)");
  expect_fault("three_of_four", "thread (1, 0, 0)");
  expect_fault("reverse_without_barrier", "thread (0, 0, 0)");
  expect_fault("neighbour_without_syncwarp", "thread (0, 0, 0)");
  expect_words(error_of("uninitialised_argument"),
               {"thread (7, 0, 0) reads shared memory",
                fault("twice") + ", called from " + fault("uninitialised_argument")});
  sim::set_thread_order(sim::ThreadOrder::reverse);
  expect_fault("never_written", "thread (63, 0, 0)");
  expect_fault("reverse_without_barrier", "thread (63, 0, 0)");
  EXPECT_EQ(run("initialised_static")[63], 63);
}

TEST_F(Simulator, fills_dynamic_shared_memory_with_nan) {
  if (checked_memory) GTEST_SKIP() << "such a read is an error here";
  auto y = run("uninitialised_dynamic");
  EXPECT_TRUE(std::isnan(y[7]));
  EXPECT_EQ(y[8], 8);
}

TEST_F(Simulator, refuses_launches_that_a_gpu_refuses) {
  expect_words(error_of("too_many_threads"), {"[to_the_end]", "2048", "1024"});
  expect_words(error_of("too_much_shared_memory"), {"[initialised_dynamic]", "1048576", "49152"});
}

TEST_F(Simulator, refuses_host_and_freed_pointers) {
  float host[count] = {};
  auto kernel = std::find_if(broken::cases().begin(), broken::cases().end(),
                             [](const auto& c) { return std::string(c.name) == "to_the_end"; });
  try {
    kernel->run(host, y_, stream_);
    FAIL() << "a host pointer was accepted";
  } catch (const Error& error) {
    expect_words(error.what(), {"[to_the_end]", "host address"});
  }
  float* freed = array();
  sim::device_free(freed);
  try {
    kernel->run(freed, y_, stream_);
    FAIL() << "a freed pointer was accepted";
  } catch (const Error& error) {
    expect_words(error.what(), {"[to_the_end]", "freed"});
  }
  EXPECT_THROW(sim::device_free(freed), Error);
  EXPECT_THROW(sim::device_free(x_ + 1), Error);
}

TEST_F(Simulator, refuses_copies_past_an_allocation) {
  std::vector<float> host(count + 1);
  EXPECT_THROW(
      cuda::copy(x_, host.data(), (count + 1) * sizeof(float), cuda::Direction::to_device, stream_),
      Error);
}

TEST_F(Simulator, replays_a_captured_graph_with_todays_memory) {
  cuda::begin_capture(stream_);
  for (const auto& kernel : broken::cases()) {
    if (std::string(kernel.name) == "to_the_end") kernel.run(x_, y_, stream_);
  }
  EXPECT_THROW(cuda::synchronize(stream_), Error);
  auto graph = cuda::end_capture(stream_);
  std::vector<float> values(count, 5);
  cuda::copy(x_, values.data(), bytes, cuda::Direction::to_device, stream_);
  graph->replay(stream_);
  std::vector<float> result(count);
  cuda::copy(result.data(), y_, bytes, cuda::Direction::to_host, stream_);
  EXPECT_EQ(result, values);
}

TEST_F(Simulator, refuses_to_replay_with_freed_memory) {
  float* freed = array();
  cuda::begin_capture(stream_);
  for (const auto& kernel : broken::cases()) {
    if (std::string(kernel.name) == "to_the_end") kernel.run(x_, freed, stream_);
  }
  auto graph = cuda::end_capture(stream_);
  graph->replay(stream_);
  sim::device_free(freed);
  try {
    graph->replay(stream_);
    FAIL() << "a freed pointer was accepted";
  } catch (const Error& error) {
    expect_words(error.what(), {"[to_the_end]", "freed"});
  }
}

// So late that a forgotten wait shows.
TEST_F(Simulator, copies_beside_the_stream_when_somebody_waits) {
  std::vector<float> first(count, 1), second(count, 2), result(count);
  auto value = [&] {
    cuda::copy(result.data(), y_, bytes, cuda::Direction::to_host, stream_);
    return result[5];
  };
  cuda::copy(y_, x_, bytes, cuda::Direction::on_device, stream_);
  cuda::Stream beside = cuda::create_copy_stream();
  cuda::Event after_first = cuda::create_event();
  cuda::wait(stream_, after_first);
  cuda::copy(y_, first.data(), bytes, cuda::Direction::to_device, beside);
  cuda::record(after_first, beside);
  cuda::copy(y_, second.data(), bytes, cuda::Direction::to_device, beside);
  EXPECT_EQ(value(), 5);
  cuda::wait(stream_, after_first);
  EXPECT_EQ(value(), 1);
  cuda::synchronize(beside);
  EXPECT_EQ(value(), 2);
  cuda::destroy_event(after_first);
  cuda::destroy_stream(beside);
}

// Work that the stream was given runs when somebody waits: what the host hands over has to stay until then.
TEST_F(Simulator, a_late_stream_shows_host_memory_that_changes_too_early) {
  auto copied = [&](bool waits) {
    std::vector<float> source(count, 1), result(count, 0);
    cuda::copy(y_, source.data(), bytes, cuda::Direction::to_device, stream_);
    if (waits) cuda::synchronize(stream_);
    source.assign(count, 2);
    cuda::copy(result.data(), y_, bytes, cuda::Direction::to_host, stream_);
    EXPECT_EQ(result[5], 0) << "nobody has waited yet";
    cuda::synchronize(stream_);
    return result[5];
  };
  sim::set_late(stream_, true);
  EXPECT_EQ(copied(true), 1);
  EXPECT_EQ(copied(false), 2);
  sim::set_late(stream_, false);
}

TEST_F(Simulator, memory_is_freed_after_the_work_that_uses_it) {
  sim::set_late(stream_, true);
  auto* array = static_cast<float*>(cuda::device_malloc(bytes));
  cuda::copy(array, x_, bytes, cuda::Direction::on_device, stream_);
  cuda::copy(y_, array, bytes, cuda::Direction::on_device, stream_);
  cuda::device_free(array);
  sim::set_late(stream_, false);
  std::vector<float> result(count);
  cuda::copy(result.data(), y_, bytes, cuda::Direction::to_host, stream_);
  EXPECT_EQ(result[5], 5);
}

TEST_F(Simulator, device_memory_that_nobody_wrote_is_nan) {
  std::vector<float> result(count);
  float* fresh = array();
  cuda::copy(result.data(), fresh, bytes, cuda::Direction::to_host, stream_);
  EXPECT_TRUE(std::isnan(result[0]) && std::isnan(result[count - 1]));
  sim::device_free(fresh);
}

using SimulatorDeath = Simulator;

TEST_F(SimulatorDeath, a_late_stream_shows_host_memory_that_died) {
  if (!with_asan) GTEST_SKIP() << "needs AddressSanitizer";
  sim::set_late(stream_, true);
  auto copy_from_what_is_gone = [&] {
    {
      std::vector<float> source(count, 1);
      cuda::copy(y_, source.data(), bytes, cuda::Direction::to_device, stream_);
    }
    cuda::synchronize(stream_);
  };
  EXPECT_DEATH(copy_from_what_is_gone(), "heap-use-after-free");
  sim::set_late(stream_, false);
}

TEST_F(SimulatorDeath, host_code_that_touches_device_memory_is_named) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(y_[5] = 1, "the host touched device memory: byte 20 of an allocation of 256 bytes");
}

TEST_F(SimulatorDeath, host_code_that_touches_freed_device_memory_is_named) {
  if (with_asan) GTEST_SKIP() << "AddressSanitizer reports it";
  float* freed = array();
  sim::device_free(freed);
  EXPECT_DEATH(freed[5] = 1, "device memory was touched at .*, where nothing is allocated");
}

/// What a sanitizer says of a kernel: the fault's line, then whose it was.
std::string report(const std::string& fault_name, const std::string& kernel,
                   const std::string& thread) {
  return "(" + fault_name + ").*" + fault(kernel) + ".*in \\[" + kernel +
         "\\] block \\(0, 0, 0\\) of \\(1, 1, 1\\): thread \\(" + thread;
}

TEST_F(SimulatorDeath, address_sanitizer_finds_accesses_out_of_bounds) {
  if (!with_asan) GTEST_SKIP() << "needs AddressSanitizer";
  // Where an array's size is known, as in past_shared, UndefinedBehaviorSanitizer is the first to see it.
  for (const char* kernel : {"past_the_end", "past_shared", "past_dynamic_shared"}) {
    EXPECT_DEATH(run(kernel),
                 report("AddressSanitizer|UndefinedBehaviorSanitizer", kernel, "63, 0, 0\\)"));
  }
}

TEST_F(SimulatorDeath, thread_sanitizer_finds_races) {
  if (!with_tsan) GTEST_SKIP() << "needs ThreadSanitizer";
  for (const char* kernel :
       {"reverse_without_barrier", "neighbour_without_syncwarp", "racing_sum"}) {
    EXPECT_DEATH(
        {
          run(kernel);
          std::exit(0);
        },
        report("data race", kernel, ""));
  }
}

TEST(Fiber, switches_back_and_forth_and_lets_exceptions_be_caught_inside) {
  if (with_tsan)
    GTEST_SKIP() << "fibers are ordered by what the simulator tells, and here nobody does";
  int steps = 0;
  bool caught = false;
  sim::Fiber* self = nullptr;
  sim::Fiber fiber([&] {
    for (; steps < 3; ++steps) self->suspend();
    try {
      throw Error("inside");
    } catch (const Error&) {
      caught = true;
    }
  });
  self = &fiber;
  for (int i = 0; i < 3; ++i) {
    fiber.resume();
    EXPECT_EQ(steps, i);
    EXPECT_FALSE(fiber.finished());
  }
  fiber.resume();
  EXPECT_TRUE(caught);
  EXPECT_TRUE(fiber.finished());
}

}  // namespace
}  // namespace melgrad
