#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <thread>

#include "kernels/caching_allocator.h"
#include "tests/error_of.h"
#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

// A device of 1 MiB, to be out of memory soon.
std::size_t held_by_small_device = 0;
std::vector<std::pair<void*, std::size_t>> blocks_of_small_device;

void* small_device_allocate(std::size_t bytes) {
  if (held_by_small_device + bytes > 1 << 20) return nullptr;
  held_by_small_device += bytes;
  void* data = std::malloc(bytes);
  blocks_of_small_device.emplace_back(data, bytes);
  return data;
}

void small_device_free(void* data) {
  for (auto& block : blocks_of_small_device)
    if (block.first == data) {
      held_by_small_device -= block.second;
      block = {};
    }
  std::free(data);
}

struct SmallDevice : ::testing::Test {
  CachingAllocator allocator{"a small device", small_device_allocate, small_device_free, 1 << 19,
                             false};
  ~SmallDevice() override {
    allocator.release_cache();
    EXPECT_EQ(held_by_small_device, 0U) << "the test leaked";
  }
};

TEST_F(SmallDevice, CountsAndReuses) {
  void* first = allocator.allocate(1000);
  EXPECT_EQ(allocator.stats().in_use, 1024U);
  EXPECT_EQ(allocator.stats().system_allocations, 1);
  allocator.deallocate(first, 1000);
  EXPECT_EQ(allocator.stats().in_use, 0U);
  EXPECT_EQ(allocator.stats().cached, 1024U);
  void* second = allocator.allocate(970);  // the same size class
  EXPECT_EQ(second, first);
  EXPECT_EQ(allocator.stats().cached, 0U);
  EXPECT_EQ(allocator.stats().system_allocations, 1);
  EXPECT_EQ(allocator.stats().peak, 1024U);
  allocator.deallocate(second, 970);
}

TEST_F(SmallDevice, IfExactRoundsNothingUpAndKeepsNothing) {
  CachingAllocator exact("a small device", small_device_allocate, small_device_free, 1 << 19, true);
  void* data = exact.allocate(1001);
  EXPECT_EQ(exact.stats().in_use, 1001U);
  exact.deallocate(data, 1001);
  EXPECT_EQ(exact.stats().in_use, 0U);
  EXPECT_EQ(exact.stats().cached, 0U);
  EXPECT_EQ(held_by_small_device, 0U);
}

TEST_F(SmallDevice, KeepsNoMoreThanItsLimit) {
  void* large = allocator.allocate(600 << 10);
  allocator.deallocate(large, 600 << 10);
  EXPECT_EQ(allocator.stats().cached, 0U);
  EXPECT_EQ(held_by_small_device, 0U);
}

TEST_F(SmallDevice, GivesItsCacheBackWhenTheDeviceIsFull) {
  allocator.deallocate(allocator.allocate(500 << 10), 500 << 10);
  EXPECT_GT(allocator.stats().cached, 0U);
  void* large = allocator.allocate(800 << 10);
  EXPECT_NE(large, nullptr);
  EXPECT_EQ(allocator.stats().cached, 0U);
  allocator.deallocate(large, 800 << 10);
}

// A recorded step writes to the addresses of its pool whenever it is replayed.
TEST_F(SmallDevice, GivesBlocksOfAPoolToNobodyElse) {
  void* before = allocator.allocate(1000);
  allocator.open_pool();
  EXPECT_THROW(allocator.open_pool(), Error);
  void* freed = allocator.allocate(1000);
  allocator.deallocate(freed, 1000);
  EXPECT_EQ(allocator.allocate(1000), freed) << "the step itself uses a block again";
  void* kept = allocator.allocate(1000);
  EXPECT_NE(kept, freed);
  allocator.deallocate(freed, 1000);
  allocator.deallocate(before, 1000);
  void* also_kept = allocator.allocate(1000);
  EXPECT_EQ(also_kept, freed) << "and none that is not of the pool";
  allocator.deallocate(also_kept, 1000);
  int pool = allocator.close_pool();

  EXPECT_EQ(allocator.stats().in_use, 2 * 1024U) << "a pool's blocks count while it is there";
  EXPECT_EQ(allocator.allocate(1000), before);
  void* others[] = {allocator.allocate(1000), allocator.allocate(1000)};
  for (void* other : others) EXPECT_TRUE(other != freed && other != kept);
  for (void* other : others) allocator.deallocate(other, 1000);
  allocator.deallocate(before, 1000);
  allocator.release_cache();
  allocator.release_pool(pool);
  EXPECT_EQ(allocator.allocate(1000), freed);
  void* another = allocator.allocate(1000);
  EXPECT_NE(another, kept) << "somebody still holds it";
  allocator.deallocate(kept, 1000);
  EXPECT_EQ(allocator.allocate(1000), kept) << "an ordinary block again";
  for (void* data : {kept, freed, another}) allocator.deallocate(data, 1000);
}

TEST_F(SmallDevice, LendsAnyBlockThatIsLargeEnough) {
  void* array = allocator.allocate(200 << 10);
  allocator.deallocate(array, 200 << 10);
  CachingAllocator::Loan small = allocator.lend(1000), another = allocator.lend(1000);
  EXPECT_EQ(small.data, array);
  EXPECT_EQ(allocator.stats().in_use, small.bytes + another.bytes);
  EXPECT_EQ(another.bytes, 1024U) << "nothing else was there";
  for (const auto& loan : {small, another}) allocator.deallocate(loan.data, loan.bytes);
  EXPECT_EQ(allocator.lend(1000).data, another.data) << "the smallest that is large enough";
  allocator.deallocate(another.data, another.bytes);
  EXPECT_EQ(allocator.lend(0).data, nullptr);
}

// Workspaces of many sizes, in any order, leave one block behind.
TEST_F(SmallDevice, ALargerLoanReplacesTheLast) {
  for (std::size_t kibibytes : {100U, 200U, 150U, 300U, 20U}) {
    CachingAllocator::Loan loan = allocator.lend(kibibytes << 10U);
    EXPECT_GE(loan.bytes, kibibytes << 10U);
    allocator.deallocate(loan.data, loan.bytes);
  }
  EXPECT_EQ(held_by_small_device, CachingAllocator::size_class(300U << 10U));
  EXPECT_EQ(allocator.stats().cached, held_by_small_device);

  allocator.release_cache();
  allocator.open_pool();
  for (std::size_t kibibytes : {100U, 300U, 150U}) {
    CachingAllocator::Loan loan = allocator.lend(kibibytes << 10U);
    allocator.deallocate(loan.data, loan.bytes);
  }
  EXPECT_EQ(held_by_small_device, CachingAllocator::size_class(300U << 10U))
      << "a recorded step asks for what the ordinary ones before it did";
  allocator.release_pool(allocator.close_pool());
}

TEST_F(SmallDevice, SaysWhatWasAskedForAndWhatIsHeld) {
  void* half = allocator.allocate(1 << 19);
  std::string message = error_of([&] { allocator.allocate(1 << 21); });
  EXPECT_TRUE(contains(message, "a small device")) << message;
  EXPECT_TRUE(contains(message, "asked for 2 MiB")) << message;
  EXPECT_TRUE(contains(message, "0.5 MiB are in use")) << message;
  EXPECT_EQ(allocator.stats().in_use, std::size_t{1} << 19) << "a refused request is not in use";
  allocator.deallocate(half, 1 << 19);
}

TEST_F(SmallDevice, RefusesNegativeAndOverflowedSizes) {
  EXPECT_TRUE(
      contains(error_of([&] { allocator.allocate(static_cast<std::size_t>(-4)); }), "negative"));
  EXPECT_EQ(allocator.allocate(0), nullptr);
  allocator.deallocate(nullptr, 0);
}

TEST(SizeClass, WastesAtMostAQuarterAndIsStable) {
  for (std::size_t bytes : {1U, 63U, 64U, 65U, 1023U, 1024U, 1025U, 1280U, 1281U, 123456789U}) {
    std::size_t size = CachingAllocator::size_class(bytes);
    EXPECT_GE(size, bytes);
    EXPECT_LE(size, std::max<std::size_t>(bytes + 63, bytes + bytes / 4));
    EXPECT_EQ(size % 64, 0U);
    EXPECT_EQ(CachingAllocator::size_class(size), size);
  }
}

TEST(CpuMemory, IsAlignedAndSteady) {
  Backend& cpu = testing::cpu();
  auto step = [&] {
    for (std::size_t bytes : {1U, 100U, 70000U, 9000000U}) {
      void* data = cpu.allocate(bytes);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 64, 0U);
      std::memset(data, 1, bytes);
      cpu.deallocate(data, bytes);
    }
  };
  step();
  if (CachingAllocator::exact_memory()) GTEST_SKIP() << "nothing is kept";
  i64 after_first = cpu.memory_stats().system_allocations;
  step();
  EXPECT_EQ(cpu.memory_stats().system_allocations, after_first);
}

TEST(CpuMemory, IsThreadSafe) {
  Backend& cpu = testing::cpu();
  std::size_t in_use = cpu.memory_stats().in_use;
  auto work = [&](unsigned char mark) {
    for (std::size_t i = 1; i < 2000; ++i) {
      std::size_t bytes = i * 37 % 5000;
      auto* data = static_cast<unsigned char*>(cpu.allocate(bytes));
      if (bytes > 0) {
        std::memset(data, mark, bytes);
        EXPECT_EQ(data[bytes / 2], mark) << "two threads hold one block";
      }
      cpu.deallocate(data, bytes);
    }
  };
  std::thread other(work, 1);
  work(2);
  other.join();
  EXPECT_EQ(cpu.memory_stats().in_use, in_use);
}

TEST(Devices, ParseAndPrint) {
  EXPECT_EQ(Device::parse("cpu"), Device::cpu());
  EXPECT_EQ(Device::parse("cuda"), Device::cuda(0));
  EXPECT_EQ(Device::parse("cuda:1"), Device::cuda(1));
  EXPECT_EQ(to_string(Device::cuda(1)), "cuda:1");
  for (const char* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "CPU"})
    EXPECT_THROW(Device::parse(text), Error) << text;
}

TEST(Threads, OneSettingAndItsExceptions) {
  int before = num_threads();
  set_num_threads(3);
  EXPECT_EQ(num_threads(), 3);
  {
    OneThread here;
    EXPECT_EQ(num_threads(), 1);
  }
  EXPECT_EQ(num_threads(), 3);
  EXPECT_THROW(set_num_threads(0), Error);
  set_num_threads(before);
}

}  // namespace
}  // namespace melgrad
