#include "apps/harness/console/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <functional>
#include <regex>
#include <thread>

namespace melgrad {
namespace {

/// What `write` puts on stderr while that is a terminal of so many columns.
std::string on_terminal(int columns, const std::function<void()>& write) {
  winsize size{24, static_cast<unsigned short>(columns), 0, 0};
  int outer = -1, terminal = -1, before = dup(STDERR_FILENO);
  if (openpty(&outer, &terminal, nullptr, nullptr, &size) != 0) return "no terminal";
  dup2(terminal, STDERR_FILENO);
  write();
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  fcntl(outer, F_SETFL, O_NONBLOCK);
  std::string text;
  char block[4096];
  for (ssize_t got; (got = read(outer, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  close(terminal);
  close(outer);
  return text;
}

constexpr const char* erased = "\r\033[2K";

std::string bar(int full) {
  std::string cells;
  for (int i = 0; i < 20; ++i) cells += i < full ? "━" : "╌";
  return cells;
}

void rest(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

TEST(ClockTime, MinutesAndHours) {
  const std::pair<double, const char*> cases[] = {{0, "0:00"},
                                                  {.4, "0:00"},
                                                  {.5, "0:01"},
                                                  {7, "0:07"},
                                                  {59.4, "0:59"},
                                                  {59.6, "1:00"},
                                                  {205, "3:25"},
                                                  {3599, "59:59"},
                                                  {3600, "1:00:00"},
                                                  {3729, "1:02:09"},
                                                  {36e3 + 61, "10:01:01"},
                                                  {-5, "0:00"}};
  for (auto [seconds, text] : cases) EXPECT_EQ(clock_time(seconds), text) << seconds;
}

TEST(Progress, TheBarIsTheShareThatIsDone) {
  for (auto [done, full] : {std::pair(0, 0), {4, 0}, {5, 1}, {50, 10}, {99, 19}, {100, 20}}) {
    std::string text = on_terminal(80, [done = done] { Progress("reading", 100).show(done, "x"); });
    EXPECT_EQ(text, erased + ("reading  " + bar(full)) + "  x" + erased) << done;
  }
}

TEST(Progress, ElsewhereOnlyLinesPrint) {
  testing::internal::CaptureStderr();
  Progress progress("reading", 100);
  progress.show(1);
  progress.line("one line");
  progress.show(100);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "one line\n");
}

TEST(Progress, ALineStandsAboveTheBar) {
  std::string text = on_terminal(80, [] {
    Progress progress("reading", 2);
    progress.line("first");
    progress.show(1);
    progress.line("second");
    progress.show(2);
  });
  EXPECT_EQ(text.find(std::string("first\r\n") + erased + "reading  " + bar(10) + "  " + erased +
                      "second\r\n" + erased + "reading  " + bar(20)),
            0U)
      << text;
}

TEST(Progress, IsDrawnTenTimesASecondAtMost) {
  std::string text = on_terminal(80, [] {
    Progress progress("x", 10000);
    for (int i = 0; i < 1000; ++i) progress.show(i);
    rest(110);
    progress.show(5000);   // a while later
    progress.show(10000);  // the end is always shown
  });
  std::size_t bars = 0;
  for (std::size_t at = text.find("x  "); at != std::string::npos; at = text.find("x  ", at + 1))
    ++bars;
  EXPECT_GE(bars, 3U);
  EXPECT_LT(bars, 100U) << "a busy machine may take ten seconds for this; hardly more";
  EXPECT_NE(text.find(bar(10)), std::string::npos);
  EXPECT_NE(text.find(bar(20)), std::string::npos);
}

TEST(Progress, TheTimeLeftDoesNotCountWhatWasDoneBeforeAResume) {
  double seconds = 0;
  std::string text = on_terminal(80, [&] {
    Progress progress("training", 10000);
    progress.show(5000);
    rest(200);
    progress.show(5100);
    seconds = progress.seconds();
  });
  // A hundredth of what is left took .2 s and a little: 4 900 more take 49 times as long.
  EXPECT_GE(seconds, .2);
  std::smatch time;
  ASSERT_TRUE(std::regex_search(text, time, std::regex(R"((\d+):(\d\d) left)"))) << text;
  double left = 60 * std::stod(time[1]) + std::stod(time[2]);
  EXPECT_GE(left, 49 * .2 - .6);
  EXPECT_LE(left, 49 * seconds + .6);
  EXPECT_EQ(on_terminal(80, [] { Progress("x", 10).show(5); }).find("left"), std::string::npos);
}

TEST(Progress, IsCutToTheTerminalsWidth) {
  for (int columns : {20, 40, 60}) {
    std::string text =
        on_terminal(columns, [] { Progress("title", 2).show(2, std::string(100, 'r')); });
    auto remark = static_cast<int>(std::count(text.begin(), text.end(), 'r'));
    EXPECT_EQ(remark, std::max(0, columns - 1 - 7 - 20 - 2)) << columns;
  }
}

}  // namespace
}  // namespace melgrad
