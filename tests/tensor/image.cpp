#include "tensor/files/image.h"

#include <gtest/gtest.h>

#include "tensor/files/file.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {

namespace {

/// Smooth, so that JPEG keeps it well.
Tensor gradient(i64 h, i64 w, i64 channels) {
  Tensor rows = arange(h, Dtype::f32).reshape({h, 1, 1}) * 3;
  Tensor cols = arange(w, Dtype::f32).reshape({1, w, 1}) * 2;
  Tensor planes = arange(channels, Dtype::f32).reshape({1, 1, channels}) * 20;
  return (rows + cols + planes).to(Dtype::u8);
}

class Picture : public testing::Test {
 protected:
  std::string refusal(const std::string& bytes) {
    write_file(path_, bytes);
    std::string text = error_of([&] { load_image(path_); });
    EXPECT_TRUE(text.find(path_.string()) != std::string::npos) << text;
    return text;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "picture";
};

}  // namespace

TEST_F(Picture, PngReturnsWhatWasSaved) {
  for (i64 channels : {1, 3, 4}) {
    Tensor x = gradient(17, 23, channels);
    save_png(path_, x);
    EXPECT_TRUE(equal(load_image(path_, channels), x));
    save_png(path_, x.flip(0));
    EXPECT_TRUE(equal(load_image(path_, channels), x.flip(0)));
  }
}

TEST_F(Picture, JpegComesClose) {
  Tensor x = gradient(32, 40, 3);
  save_jpeg(path_, x, 95);
  Tensor y = load_image(path_);
  EXPECT_EQ(y.shape(), x.shape());
  Tensor difference = abs(y.to(Dtype::f32) - x.to(Dtype::f32));
  EXPECT_LE(mean(difference).item(), 2);
  EXPECT_LT(encode_jpeg(x, 10).size(), encode_jpeg(x, 95).size());
}

TEST_F(Picture, ConvertsChannels) {
  Tensor grey = gradient(4, 5, 1);
  save_png(path_, grey);
  EXPECT_TRUE(equal(load_image(path_, 3), grey.expand({4, 5, 3}).contiguous()));
  EXPECT_EQ(load_image(path_, 4).select(2, 3).to_vector<i64>()[7], 255);
}

TEST_F(Picture, RefusesBadFiles) {
  std::string png = encode_png(gradient(40, 40, 3)), jpeg = encode_jpeg(gradient(40, 40, 3));
  EXPECT_EQ(refusal(""), "[load_image] " + path_.string() + ": the file is empty");
  EXPECT_NE(refusal("no picture at all"), "no error");
  for (std::size_t part : {1, 2, 3}) {
    EXPECT_NE(refusal(png.substr(0, png.size() * part / 4)), "no error");
    EXPECT_NE(refusal(jpeg.substr(0, jpeg.size() * part / 4)), "no error");
  }
  EXPECT_NE(refusal(png.substr(0, png.size() - 20)), "no error");
  EXPECT_EQ(refusal(jpeg.substr(0, jpeg.size() - 2)),
            "[load_image] " + path_.string() + ": the JPEG is cut off");
  std::string broken = png;
  for (std::size_t i = 60; i < broken.size() - 20; i += 7)
    broken[i] = static_cast<char>(~broken[i]);
  EXPECT_NE(refusal(broken), "no error");
  std::string flipped = png;  // one bit of the pixels
  flipped[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 1);
  EXPECT_EQ(refusal(flipped), "[load_image] " + path_.string() + ": the PNG is damaged");
  std::string huge = png;  // a header that promises 2^23 × 2^23 pixels
  huge[16] = huge[20] = 0;
  huge[17] = huge[21] = static_cast<char>(0x7f);
  EXPECT_NE(refusal(huge), "no error");
  EXPECT_NE(error_of([&] { load_image(folder_ / "none"); }), "no error");
  EXPECT_NE(error_of([&] { load_image(path_, 2); }), "no error");
}

TEST_F(Picture, RefusesToSave) {
  EXPECT_EQ(error_of([&] {
              save_png(path_, zeros({4, 4, 3}));
            }),
            "[encode_png] takes (H, W, C) u8: (4, 4, 3) f32");
  EXPECT_NE(error_of([&] { save_png(path_, zeros({4, 4, 2}, Dtype::u8)); }), "no error");
  EXPECT_NE(error_of([&] { save_png(path_, zeros({0, 4, 3}, Dtype::u8)); }), "no error");
  EXPECT_NE(error_of([&] { save_jpeg(path_, gradient(4, 4, 4)); }), "no error");
  EXPECT_EQ(error_of([&] { save_jpeg(path_, gradient(4, 4, 3), 0); }),
            "[encode_jpeg] quality is 1 to 100, not 0");
  FullDisk full(100);
  EXPECT_NE(error_of([&] { save_png(path_, gradient(60, 60, 3)); }), "no error");
  EXPECT_EQ(folder_.entries(), 0U);
}

}  // namespace melgrad
