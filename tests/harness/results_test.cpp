#include "apps/harness/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tests/harness/example_results.h"

namespace melgrad {
namespace {

std::filesystem::path scratch(const char* name) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "melgrad_results";
  std::filesystem::create_directories(folder);
  return folder / name;
}

TEST(Results, ComeBackFromTheFileAsTheyWere) {
  Results written = example_results();
  std::string path = scratch("results.json").string();
  write_json(written, path);
  Results read = read_json(path);

  EXPECT_EQ(read.classes, written.classes);
  EXPECT_EQ(read.fingerprint, written.fingerprint);
  ASSERT_EQ(read.nets.size(), written.nets.size());
  const Fit &a = written.nets[0].fits[0], &b = read.nets[0].fits[0];
  EXPECT_EQ(b.scores.test_loss, a.scores.test_loss);  // every bit
  EXPECT_EQ(b.confusion.counts(), a.confusion.counts());
  EXPECT_EQ(b.best_epoch, a.best_epoch);
  ASSERT_EQ(b.history.size(), a.history.size());
  EXPECT_EQ(b.history[1].valid_loss, a.history[1].valid_loss);
  EXPECT_EQ(b.predictions[2].confidence, a.predictions[2].confidence);
  EXPECT_TRUE(read.nets[1].fits[0].diverged);
  EXPECT_TRUE(std::isnan(read.nets[1].fits[0].history[0].valid_loss));
  EXPECT_EQ(read.nets[2].not_run, "not run: needs --weights");
  EXPECT_EQ(read.protocols[0].test[0].name, written.protocols[0].test[0].name);

  write_json(read, scratch("again.json").string());
  EXPECT_EQ(read_file(path), read_file(scratch("again.json")));
}

TEST(Results, HoldWhatOthersReadByName) {
  std::string path = scratch("named.json").string();
  write_json(example_results(), path);
  std::string text = read_file(path);
  for (const char* name : {"\"data_set\"", "\"device\"", "\"seed\"", "\"parameters\"",
                           "\"published\"", "\"measured\"", "\"test_loss\"", "\"test_accuracy\"",
                           "\"macro_f1\"", "\"history\"", "\"confusion\"", "\"seconds\""})
    EXPECT_NE(text.find(name), std::string::npos) << name;
}

TEST(Results, RefuseAnotherFile) {
  write_file(scratch("other.json"), "{\"nets\": 3}");
  write_file(scratch("cut.json"), "{\"study\": \"Fo");
  EXPECT_THROW(read_json(scratch("other.json").string()), Error);
  EXPECT_THROW(read_json(scratch("cut.json").string()), Error);
}

TEST(Results, MeanLeavesOutWhatDiverged) {
  NetResult net = example_results().nets[0];
  Fit second = net.fits[0], third = net.fits[0];
  second.seed = 1;
  second.scores.test_accuracy = .5;
  third.diverged = true;
  net.fits = {net.fits[0], second, third};
  Measured mean = measured(net, "stratified");
  EXPECT_EQ(mean.fits, 2);
  EXPECT_EQ(mean.diverged, 1);
  EXPECT_DOUBLE_EQ(mean.accuracy.mean, (.75 + .5) / 2);
  EXPECT_EQ(measured(net, "published").fits, 0);
}

}  // namespace
}  // namespace melgrad
