#include "apps/harness/console/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace melgrad {
namespace {

const int signals[] = {SIGINT, SIGTERM};

TEST(Interrupt, TheFirstSignalOnlySetsAFlag) {
  for (int signal : signals) {
    InterruptGuard guard;
    EXPECT_FALSE(interrupted()) << "an earlier one's is cleared";
    std::raise(signal);
    EXPECT_TRUE(interrupted()) << signal;
  }
  InterruptGuard clears;  // for the tests that follow
  EXPECT_FALSE(interrupted());
}

// Each in a process of its own, which it ends.
TEST(InterruptDeathTest, TheSecondEndsTheProgram) {
  for (int signal : signals)
    EXPECT_EXIT(
        {
          InterruptGuard guard;
          std::raise(signal);
          if (interrupted()) std::raise(signal);
          std::exit(0);
        },
        testing::KilledBySignal(signal), "");
}

TEST(InterruptDeathTest, WithoutAGuardTheFirstDoes) {
  for (int signal : signals)
    EXPECT_EXIT(
        {
          { InterruptGuard guard; }
          std::raise(signal);
          std::exit(0);
        },
        testing::KilledBySignal(signal), "");
}

}  // namespace
}  // namespace melgrad
