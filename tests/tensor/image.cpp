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
  Tensor loaded(const std::string& bytes) {
    write_file(path_, bytes);
    return load_image(path_);
  }
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

TEST_F(Picture, IsReadFromMemoryAsFromAFile) {
  Tensor x = gradient(17, 23, 3);
  for (const std::string& bytes : {encode_png(x), encode_jpeg(x, 60)}) {
    write_file(path_, bytes);
    for (i64 channels : {1, 3})
      EXPECT_TRUE(equal(decode_image(bytes, channels), load_image(path_, channels)));
  }
  EXPECT_TRUE(
      contains(error_of([] { decode_image(""); }), "a picture in memory: the file is empty"));
  EXPECT_TRUE(contains(error_of([] { decode_image("GIF89a...."); }), "a picture in memory"));
}

TEST_F(Picture, ConvertsChannels) {
  Tensor grey = gradient(4, 5, 1);
  save_png(path_, grey);
  EXPECT_TRUE(equal(load_image(path_, 3), grey.expand({4, 5, 3}).contiguous()));
  EXPECT_EQ(load_image(path_, 4).select(2, 3).to_vector<i64>()[7], 255);
}

/// One pixel of blue 1, green 2, red 3; `rows_from_top`: the height is negative.
std::string bmp(bool rows_from_top = false) {
  std::string bytes("BM:\0\0\0\0\0\0\0\66\0\0\0\50\0\0\0\1\0\0\0\1\0\0\0\1\0\30\0", 30);
  bytes += std::string("\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\0", 28);
  if (rows_from_top) bytes.replace(22, 4, "\xff\xff\xff\xff");
  return bytes;
}

// Cameras and editors append what they like; a thumbnail within has an end of its own.
TEST_F(Picture, BytesBehindTheEndDoNotCount) {
  Tensor x = gradient(20, 24, 3);
  std::string jpeg = encode_jpeg(x), png = encode_png(x);
  for (const char* more :
       {"\xff\xda\x01\x02", "\xff\xd8\xff\xda", "\xff", "rest", "\xff\xe1\xff\xff"}) {
    EXPECT_TRUE(equal(loaded(jpeg + more), loaded(jpeg))) << more;
    EXPECT_TRUE(equal(loaded(png + more), x)) << more;
    EXPECT_TRUE(equal(loaded(bmp() + more), loaded(bmp()))) << more;
  }
  std::string thumbnail = "\xff\xe1" + std::string("\0", 1) + "\x08\xff\xd8\xff\xd9\xff\xda";
  std::string with_thumbnail = jpeg.substr(0, 2) + thumbnail + jpeg.substr(2);
  EXPECT_TRUE(equal(loaded(with_thumbnail), loaded(jpeg)));
  for (std::size_t cut : {1, 2, 10, 100})
    EXPECT_EQ(refusal(with_thumbnail.substr(0, with_thumbnail.size() - cut)),
              "[load_image] " + path_.string() + ": the JPEG is cut off");
}

// Four inks: without Adobe's marker stb_image takes them for something else.
TEST_F(Picture, AJpegOfFourColoursSaysWhich) {
  std::string jpeg = encode_jpeg(gradient(16, 16, 3));
  std::size_t frame = jpeg.find("\xff\xc0");
  std::string more = jpeg.substr(frame, 19) + std::string("\4\x11\0", 3);  // a fourth component
  more[3] = 20;
  more[9] = 4;
  std::string four = jpeg.substr(0, frame) + more + jpeg.substr(frame + 19);
  EXPECT_EQ(refusal(four),
            "[load_image] " + path_.string() + ": a JPEG of four colours that does not say which");
}

TEST_F(Picture, Bmp) {
  for (bool rows_from_top : {false, true}) {
    std::string whole = bmp(rows_from_top);
    EXPECT_EQ(loaded(whole).to_vector<i64>(), (std::vector<i64>{3, 2, 1}));
    EXPECT_EQ(loaded(whole.substr(0, 57)).shape(), (Shape{1, 1, 3})) << "filling of the last row";
    EXPECT_EQ(refusal(whole.substr(0, 56)),
              "[load_image] " + path_.string() + ": the BMP is cut off");
  }
}

// By its bytes: the name may say what it likes.
TEST_F(Picture, NamesOtherFormats) {
  for (const auto& [bytes, kind] :
       {std::pair<std::string, std::string>{"GIF89a and so on", "a GIF"},
        {"RIFF1234WEBPVP8 ", "a WebP picture"},
        {"MM" + std::string("\0*", 2), "a TIFF picture"},
        {std::string(3, '\0') + " ftypavif", "an AVIF picture"},
        {"<!doctype html>", "a web page"}})
    EXPECT_EQ(refusal(bytes),
              "[load_image] " + path_.string() + ": is " + kind + ", not PNG, JPEG or BMP");
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
