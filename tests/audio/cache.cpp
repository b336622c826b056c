// A folder of features that threads and processes share, and that is kept small.
#include "audio/collections/cache.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <thread>

#include "tests/audio/cached_rows.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

TEST(FeatureCache, RemovesWhatWasUsedLongestAgo) {
  TemporaryFolder folder;
  auto use = [&](const std::string& recipe, u64 limit) {
    FeatureCache cache(folder.path, limit);
    FeatureRows rows = cache.rows(recipe, row_shape, Dtype::f32);
    put(rows, 0, 100);
    rows.flush();
  };
  auto age = [&](std::chrono::hours hours) {
    for (const auto& entry : fs::directory_iterator(folder.path))
      last_write_time(entry.path(), fs::last_write_time(entry.path()) - hours);
  };
  constexpr u64 plenty = u64{1} << 40U;
  use("a", plenty);
  age(std::chrono::hours(1));
  use("b", plenty);
  age(std::chrono::hours(1));
  use("c", plenty);
  age(std::chrono::hours(1));
  u64 each = FeatureCache(folder.path).size() / 3;
  EXPECT_EQ(found(open_rows(folder.path, "a"), 100), 100);  // used just now

  use("d", 3 * each + each / 2);  // four are too many
  EXPECT_EQ(FeatureCache(folder.path).size(), 3 * each);
  EXPECT_EQ(fs::exists(folder.path / "hashes"), false);
  EXPECT_EQ(folder.entries(), 6U) << "keys go with their rows";
  EXPECT_EQ(found(open_rows(folder.path, "b"), 100), 0);
  for (const char* recipe : {"a", "c", "d"})
    EXPECT_EQ(found(open_rows(folder.path, recipe), 100), 100) << recipe;

  FeatureRows in_use = open_rows(folder.path, "a");
  use("e", 1);
  EXPECT_EQ(found(open_rows(folder.path, "a"), 100), 100) << "somebody used it";
  EXPECT_EQ(found(open_rows(folder.path, "e"), 100), 100) << "written last";
  for (const char* recipe : {"c", "d"})
    EXPECT_EQ(found(open_rows(folder.path, recipe), 100), 0) << recipe;
}

TEST(FeatureCache, RemovesWhatWasSetAside) {
  TemporaryFolder folder;
  put(open_rows(folder.path), 0, 100);
  overwrite(file(folder.path, ".rows"), 0, "x");
  FeatureCache cache(folder.path, 4096 + 100 * 100);
  FeatureRows rows = cache.rows("recipe", row_shape, Dtype::f32);
  EXPECT_TRUE(fs::exists(file(folder.path, ".damaged")));
  put(rows, 0, 64);
  EXPECT_EQ(file(folder.path, ".damaged"), "");
  EXPECT_EQ(found(rows, 100), 64);
}

TEST(FeatureCache, ThreadsWithOneHandleAndWithSeveral) {
  TemporaryFolder folder;
  FeatureCache shared(folder.path);
  auto work = [&](FeatureCache cache, int first) {
    for (int i = 0; i < 300; ++i) {
      FeatureRows rows = cache.rows("recipe", row_shape, Dtype::f32);
      int key = first + (i * 7) % 200;  // some of them are other threads' as well
      put(rows, key, key + 1);
      EXPECT_TRUE(rows.find(std::to_string(key)));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work, shared, 100 * i);
  for (int i = 3; i < 6; ++i) threads.emplace_back(work, FeatureCache(folder.path), 100 * i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found(open_rows(folder.path), 700), 700);
}

// Rows that take a while to write, so that two writers meet.
TEST(FeatureCache, TwoHandlesNeverTakeOnePlace) {
  TemporaryFolder folder;
  Shape large{100000};
  auto work = [&](u8 first) {
    FeatureRows rows = FeatureCache(folder.path).rows("recipe", large, Dtype::u8);
    for (u8 i = 0; i < 60; ++i)
      rows.put(std::to_string(first + i), full(large, first + i, Dtype::u8));
  };
  std::vector<std::thread> threads;
  for (u8 first : {u8{0}, u8{60}, u8{120}, u8{180}}) threads.emplace_back(work, first);
  for (std::thread& thread : threads) thread.join();
  FeatureRows rows = FeatureCache(folder.path).rows("recipe", large, Dtype::u8);
  for (int i = 0; i < 240; ++i) {
    Tensor read = zeros(large, Dtype::u8);
    rows.read(rows.find(std::to_string(i)).value(), read.raw());
    EXPECT_TRUE(equal(read, full(large, i, Dtype::u8))) << i;
  }
}

// A child puts rows until it is killed, at any moment; every row that has a key is whole. Now the
// parent has the rows open at that time, now it has not.
TEST(FeatureCache, AProcessIsKilled) {
  TemporaryFolder folder;
  std::mt19937 random(1);
  int most = 0, times_further = 0;
  for (int time = 0; time < 20; ++time) {
    std::optional<FeatureRows> open;
    if (time % 2 == 1) open = open_rows(folder.path);
    pid_t child = fork();
    if (child == 0) {
      alarm(60);  // should nobody kill it
      for (int i = most;; ++i) {
        FeatureRows rows = open_rows(folder.path);
        put(rows, i, i + 1);
        if (i % 5 == 0) rows.flush();
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it had ended before";
    FeatureRows rows = open ? *open : open_rows(folder.path);
    int now = found(rows, 5000);
    times_further += now > most ? 1 : 0;
    EXPECT_GE(now, most);
    put(rows, now, now + 1);
    most = now + 1;
    if (open) open->flush();
  }
  EXPECT_GE(times_further, 5) << "the child hardly ran";
  EXPECT_EQ(file(folder.path, ".damaged"), "");
}

TEST(FeatureCache, TwoProcessesShareTheirRows) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    FeatureRows own = open_rows(folder.path);
    put(own, 100, 400);
    own.flush();
    _exit(found(own, 400) >= 300 ? 0 : 1);
  }
  put(rows, 0, 300);
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(found(rows, 400), 400);
}

}  // namespace
}  // namespace melgrad
