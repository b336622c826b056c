#include "apps/harness/console/profiled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/profile/profile.h"
#include "tensor/files/file.h"
#include "tests/harness/short_training.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

using Json = nlohmann::json;

// A training's calls and spans, as a program's --profile FILE has them.
class Profiled : public testing::Test {
 protected:
  std::string file() const { return (folder_ / "trace.json").string(); }
  Json events() const { return Json::parse(read_file(file()))["traceEvents"]; }

  TemporaryFolder folder_;
};

std::set<std::string> names(const Json& events, const std::string& category) {
  std::set<std::string> all;
  for (const Json& event : events)
    if (event.value("cat", "") == category) all.insert(event["name"].get<std::string>());
  return all;
}

TEST_F(Profiled, HasTheStepsOfATraining) {
  Recipe recipe = short_recipe();
  recipe.stages.front().epochs = 1;
  Outcome plain = train(recipe), watched;
  EXPECT_EQ(profiled(file(),
                     [&] {
                       watched = train(recipe);
                       return 3;
                     }),
            3);
  expect_same_bits(watched, plain);
  std::set<std::string> spans = names(events(), "span"), calls = names(events(), "call");
  for (const char* span : {"forward", "backward", "optimizer", "evaluation", "make a batch",
                           "wait for a batch", "net", "layers.0", "conv2d backward, layers.0"})
    EXPECT_TRUE(spans.contains(span)) << span;
  for (const char* call : {"conv2d", "conv2d_backward_weights", "matmul", "dropout", "adam"})
    EXPECT_TRUE(calls.contains(call)) << call;
}

// Viewers draw what one thread does as boxes within boxes.
TEST_F(Profiled, EveryEventLiesWithinTheOneAroundIt) {
  profiled(file(), [] {
    train(short_recipe());
    return 0;
  });
  std::map<int, std::vector<std::pair<double, double>>> of_thread;
  for (const Json& event : events())
    if (event["ph"] == "X") {
      double begin = event["ts"], duration = event["dur"];
      ASSERT_GE(duration, 0);
      of_thread[event["tid"]].emplace_back(begin, begin + duration);
    }
  EXPECT_GE(of_thread.size(), 2U) << "the trainer's and a loader's";
  for (auto& [thread, boxes] : of_thread) {
    std::sort(boxes.begin(), boxes.end(), [](const auto& a, const auto& b) {
      return a.first < b.first || (a.first == b.first && a.second > b.second);
    });
    std::vector<double> open;
    constexpr double rounding = 1e-4;  // of a nanosecond
    for (const auto& [begin, end] : boxes) {
      while (!open.empty() && open.back() <= begin + rounding) open.pop_back();
      bool fits = open.empty() || end <= open.back() + rounding;
      ASSERT_TRUE(fits) << "thread " << thread << ", at " << begin << " µs";
      open.push_back(end);
    }
  }
}

TEST_F(Profiled, IsWrittenAlsoOfWorkThatFails) {
  EXPECT_THROW(profiled(file(),
                        []() -> int {
                          sum(ones({3})).item();
                          throw Error("in the middle");
                        }),
               Error);
  EXPECT_TRUE(names(events(), "call").contains("sum"));
  EXPECT_FALSE(profiling());
}

// A disk that is full by then takes nothing of the work's own error.
TEST_F(Profiled, TellsTheErrorOfTheWorkAlsoWhereTheTraceIsLost) {
  std::string place = (folder_ / "gone").string();
  std::filesystem::create_directory(place);
  auto work = [&]() -> int {
    std::filesystem::remove_all(place);
    throw std::runtime_error("the work's own");
  };
  EXPECT_THROW(profiled(place + "/trace.json", work), std::runtime_error);
  try {
    std::filesystem::create_directory(place);
    profiled(place + "/trace.json", work);
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "the work's own");
  }
}

TEST_F(Profiled, RefusesAFileThatCannotBeWrittenBeforeAnyWork) {
  bool worked = false;
  auto work = [&] {
    worked = true;
    return 0;
  };
  EXPECT_THROW(profiled((folder_ / "none" / "trace.json").string(), work), Error);
  EXPECT_FALSE(worked);
}

TEST_F(Profiled, IsNothingWithoutAFile) {
  bool on = true;
  profiled("", [&] {
    on = profiling();
    return 0;
  });
  EXPECT_FALSE(on);
}

}  // namespace
}  // namespace melgrad
