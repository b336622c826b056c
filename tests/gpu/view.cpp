// Rows in a GPU's memory become what those on the host become.
#include "apps/harness/data/view.h"

#include <gtest/gtest.h>

#include "apps/harness/data/batches.h"
#include "tests/gpu/gpu.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

// Sums, products and quotients in f32, in one order: the GPU may contract x · y + z.
constexpr double close = 1e-6;

TEST(ViewOnGpu, EveryPassIsTheHosts) {
  for (bool frames_first : {false, true})
    for (Dtype stored : {Dtype::f32, Dtype::u8}) {
      Input input = small_spectrum(frames_first);
      input.stored = stored;
      input.variants = {{.compressed = true}};
      Examples host = noise_in_memory(input, 7), there = host;
      there.to(Device::cuda());
      EXPECT_EQ(there.device(), Device::cuda());
      FittedView view(host, full_view(), {0, 2, 5}), view_there(there, full_view(), {0, 2, 5});
      EXPECT_EQ(view.normalisation().mean, view_there.normalisation().mean);
      using Kind = Pass::Kind;
      for (const Pass& pass : {Pass{}, Pass{Kind::training, 1, 3}, Pass{Kind::training, 1, 3, .4},
                               Pass{Kind::test_copy, 1, 0}, Pass{Kind::variant, 0, 1}}) {
        Batches on_host(host, view, {6, 0, 3, 2}, 3, Device::cpu(), pass);
        Batches from_host(host, view, {6, 0, 3, 2}, 3, Device::cuda(), pass);
        Batches on_gpu(there, view_there, {6, 0, 3, 2}, 3, Device::cuda(), pass);
        while (auto expected = on_host.next()) {
          for (Batches* batches : {&from_host, &on_gpu}) {
            auto batch = batches->next();
            ASSERT_TRUE(batch.has_value());
            EXPECT_EQ(batch->x.device(), Device::cuda());
            EXPECT_TRUE(batch->x.is_channels_last());
            EXPECT_LE(difference(batch->x, expected->x), close);
            EXPECT_EQ(batch->labels.to_vector<i64>(), expected->labels.to_vector<i64>());
            EXPECT_EQ(batch->targets.defined(), pass.mixup > 0);
          }
        }
        EXPECT_FALSE(on_gpu.next().has_value());
        EXPECT_EQ(on_gpu.waited(), 0);
      }
    }
}

TEST(ViewOnGpu, StoredRowsGoThereInBlocks) {
  Sounds sounds;
  Examples stored = sounds.load(small_picture()), there = stored.keep({4, 1, 5});
  there.to(Device::cuda());
  EXPECT_LE(difference(there.gather({2, 0}), stored.gather({5, 4})), 0);
  EXPECT_TRUE(there.gather({2, 0}).is_channels_last());
  std::string jpeg = jpeg_of(there, 1);
  EXPECT_EQ(jpeg, jpeg_of(stored, 1));
}

}  // namespace
}  // namespace melgrad
