#include <gtest/gtest.h>

#include "tensor/files/image.h"
#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/harness/report/report_page.h"

namespace melgrad {
namespace {

// Clip 3 is r&b, of which the net thinks third; clip 6 is folk, of which it thinks last.
TEST(Report, ShowsTheClipsOfAllFoldsWithWhatWasSaid) {
  HtmlNode page = page_of(example_results());
  const HtmlNode& part = section(page, "clips");
  EXPECT_EQ(texts(part.all("h3", "genre")), (Strings{"rock", "r&b", "jazz", "folk"}));
  EXPECT_EQ(texts(part.all("figcaption")),
            (Strings{"✓ rock 70_%1 of 2 nets righta.wav", "✓ rock 70_%1 of 1 nets rightb.wav",
                     "✓ r&b 97_%1 of 2 nets right<c>.wav",
                     "✗ rock 70_%is r&b, its 3rd guess0 of 1 nets rightd.wav",
                     "✓ jazz 60_%1 of 2 nets righte.wav", "✓ jazz 60_%1 of 1 nets rightf.wav",
                     "✗ rock 70_%is folk, not in its top 31 of 2 nets rightg.wav",
                     "✓ folk 40_%1 of 1 nets righth.wav"}));
  for (const HtmlNode* clips : part.all("div", "clips")) EXPECT_EQ(clips->all("figure").size(), 2u);
  auto figures = part.all("figure");
  EXPECT_EQ(figures[3]->attribute("data-truth") + figures[3]->attribute("data-guess"), "10");
  auto buttons = part.all("button");
  ASSERT_EQ(buttons.size(), 2u);
  EXPECT_EQ(buttons[0]->attribute("data-sound"), "music/rock/a%20b.wav#t=1.5,6.5");
  EXPECT_EQ(buttons[1]->attribute("data-sound"), "file:///music/c.wav#t=0,5");
  EXPECT_EQ(buttons[1]->attribute("aria-label"), "play r&b/<c>.wav");
  EXPECT_EQ(part.first("h2").text(), "Look and listen");

  Results silent = example_results();
  for (ClipInfo& clip : silent.clips) clip.sound.clear();
  EXPECT_EQ(section(page_of(silent), "clips").first("h2").text(), "Look");
  EXPECT_TRUE(section(page_of(silent), "clips").all("button").empty());
}

TEST(Report, SpeaksOfATop3WithMoreThanThreeClasses) {
  Results results = example_without_folds();
  results.classes.resize(3);
  results.rules[0].folds[0].test = {0, 2, 4};
  for (RowResult& row : results.rows)
    for (Fit& fit : row.fits) {
      if (fit.diverged) continue;
      fit =
          example_fit(results, fit.rule, 0, 7, {{.2f, .7f, .1f}, {.2f, .7f, .1f}, {.2f, .7f, .1f}});
    }
  std::string page = HtmlParser(code_of(results)).page().text();
  EXPECT_TRUE(contains(page, "is jazz")) << "the example has no mistake";
  EXPECT_FALSE(contains(page, "top 3 of")) << page;
  EXPECT_FALSE(contains(page, "guess0")) << page;
}

// Twenty clips of one class, all of them taken for another, more surely from clip to clip.
Results many_mistakes(std::size_t clips) {
  Results results = example_without_folds();
  results.clips.assign(clips, {"rock/x.wav", "", 0, 0, 5});
  results.rules[0].folds[0].test.clear();
  std::vector<std::vector<float>> strengths;
  for (std::size_t i = 0; i < clips; ++i) {
    results.clips[i].name = "rock/" + std::to_string(i);
    results.rules[0].folds[0].test.push_back(static_cast<i64>(i));
    float sure = .3f + .01f * static_cast<float>(i);
    strengths.push_back({.25f, sure, 0, 0});
  }
  results.rows.resize(1);
  results.rows[0].fits = {example_fit(results, "stratified", 0, 7, strengths)};
  return results;
}

TEST(Report, ShowsTheSurestMistakesFirst) {
  HtmlNode page = page_of(many_mistakes(40));
  const HtmlNode& part = section(page, "mistakes");
  auto names = texts(part.all("span", "name"));
  ASSERT_EQ(names.size(), 36u);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i], std::to_string(39 - i));
  EXPECT_EQ(
      part.first("p", "note").text(),
      "40 of 40 test clips; the truth is in the top 3 of 40 of them. The surest come first; 36 "
      "are shown.");
  EXPECT_EQ(section(page, "clips").all("figure").size(), 6u);  // of a class
  EXPECT_EQ(part.first("h2").text(), "Where base CNN is wrong");

  page = page_of(example_results());
  const HtmlNode& two = section(page, "mistakes");
  EXPECT_EQ(texts(two.all("span", "name")), (Strings{"d.wav", "g.wav"}));
  EXPECT_EQ(two.first("p", "note").text(),
            "2 of 8 test clips; the truth is in the top 3 of 1 of them. The surest come first.");
  auto selects = two.all("select");
  ASSERT_EQ(selects.size(), 2u);
  EXPECT_EQ(texts(selects[1]->all("option")), (Strings{"any", "rock", "r&b", "jazz", "folk"}));
  EXPECT_EQ(selects[1]->all("option")[4]->attribute("value"), "3");

  Results faultless = example_without_folds();
  faultless.rules[0].folds[0].test = {0, 2, 4, 1};
  EXPECT_TRUE(contains(section(page_of(faultless), "mistakes").text(), "no mistake"));
}

std::string bytes_of(const std::string& base64) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned word = 0;
  int bits = 0;
  for (char c : base64) {
    if (c == '=') break;
    word = word << 6U | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(word >> static_cast<unsigned>(bits) & 255U);
  }
  return bytes;
}

TEST(Report, PicturesAreThoseOfTheirClips) {
  auto picture = [](i64 index) {
    return index == 7
               ? ""
               : encode_jpeg(full({5, 4 + index, 3}, static_cast<double>(20 * index), Dtype::u8));
  };
  HtmlNode page = page_of(example_results(), {picture, {}});
  auto figures = section(page, "clips").all("figure");
  ASSERT_EQ(figures.size(), 8u);
  TemporaryFolder folder;
  for (std::size_t i = 0; i < 7; ++i) {
    std::string source = figures[i]->first("img").attribute("src"),
                start = "data:image/jpeg;base64,";
    ASSERT_EQ(source.rfind(start, 0), 0u);
    write_file(folder / "clip.jpg", bytes_of(source.substr(start.size())));
    Tensor read = load_image(folder / "clip.jpg");
    EXPECT_EQ(read.shape(), (Shape{5, 4 + static_cast<i64>(i), 3}));
    // One colour throughout: JPEG keeps it but for a rounding.
    EXPECT_NEAR(static_cast<double>(read.to_vector<u8>()[0]), 20. * static_cast<double>(i), 2);
  }
  EXPECT_TRUE(figures[7]->all("img").empty());
}

}  // namespace
}  // namespace melgrad
