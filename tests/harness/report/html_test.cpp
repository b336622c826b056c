#include "apps/harness/report/html.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/harness/report/numbers.h"
#include "tensor/files/utf8.h"
#include "tests/harness/report/html_tree.h"

namespace melgrad {
namespace {

const std::string refused = "\uFFFD";

TEST(EscapeHtml, LeavesNothingThatIsMarkup) {
  EXPECT_EQ(escape_html("a & b < c > d \" e ' f"), "a &amp; b &lt; c &gt; d &quot; e &#39; f");
  EXPECT_EQ(escape_html("&amp;"), "&amp;amp;");
  EXPECT_EQ(escape_html(""), "");
  EXPECT_EQ(escape_html("tab\tline\nend"), "tab\tline\nend");
  EXPECT_EQ(escape_html(std::string_view("\0\x1b\r\x7f", 4)),
            refused + refused + refused + refused);
}

// The first and the last character of each length, and what is next to them.
TEST(EscapeHtml, KeepsUtf8AndNothingElse) {
  for (const char* text :
       {"\x7e", "\xC2\x80", "é", "\xDF\xBF", "\xE0\xA0\x80", "–", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "🎷", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text) && escape_html(text) == text) << text;
  // Alone, cut short, longer than needed, a surrogate, above U+10FFFF: no byte of them stays.
  for (const char* text :
       {"\x80", "\xBF", "\xC3", "\xE2\x80", "\xF0\x9F\x8E", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF", "\xFE"}) {
    std::string expected;
    for (std::size_t i = 0; i < std::string(text).size(); ++i) expected += refused;
    EXPECT_EQ(escape_html(text), expected);
    EXPECT_FALSE(is_utf8("a" + std::string(text)) || is_utf8(text + std::string("a")));
  }
  EXPECT_EQ(escape_html("\xC3<"), refused + "&lt;");  // a cut character swallows nothing
  EXPECT_EQ(escape_html("\xE2\x80<"), refused + refused + "&lt;");
}

TEST(LinkTo, HoldsOnlyWhatAUrlMay) {
  EXPECT_EQ(link_to("music/rock/a b.wav"), "music/rock/a%20b.wav");
  EXPECT_EQ(link_to("/music/a.wav"), "file:///music/a.wav");
  EXPECT_EQ(link_to("javascript:x"), "javascript%3Ax");  // a name, not a scheme
  EXPECT_EQ(link_to("a#t=1?b%20"), "a%23t%3D1%3Fb%2520");
  for (int byte = 1; byte < 256; ++byte) {
    std::string link = link_to(std::string("x") + static_cast<char>(byte));
    bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                 (byte >= '0' && byte <= '9') ||
                 std::string("-_.~/").find(static_cast<char>(byte)) != std::string::npos;
    char expected[8];
    std::snprintf(expected, sizeof expected, plain ? "x%c" : "x%%%02X", byte);
    EXPECT_EQ(link, expected);
  }
}

// RFC 4648, section 10
TEST(Base64, IsTheStandards) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFB\xFF\xFE"), "+//+");
}

TEST(Tag, EscapesTextAndAttributesAndKeepsHtml) {
  EXPECT_EQ(tag("td.wide.strong", "a < b", tag("b", 3), std::string("&")).code(),
            "<td class='wide strong'>a &lt; b<b>3</b>&amp;</td>");
  EXPECT_EQ(tag("a", {{"href", "#'\"<"}, {"id", "x"}}).code(),
            "<a href='#&#39;&quot;&lt;' id='x'></a>");
  EXPECT_EQ((tag("br") + "<" + tag("img", {{"src", "x"}})).code(), "<br>&lt;<img src='x'>");
  EXPECT_EQ(tag("p.").code(), "<p></p>");
  EXPECT_TRUE(Html().empty());
  EXPECT_EQ(each(std::vector<int>{1, 2}, [](int i) { return tag("li", i); }).code(),
            "<li>1</li><li>2</li>");
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(decimal(.1250001, 4), "0.125");
  EXPECT_EQ(decimal(-.00001, 3), "0");
  EXPECT_EQ(decimal(100, 0), "100");
  EXPECT_EQ(decimal(100, 2), "100");
  EXPECT_EQ(decimal(std::nan(""), 3), "–");
  EXPECT_EQ(fixed_point(.28, 3), "0.280");
  EXPECT_EQ(fixed_point(-INFINITY, 3), "–");
  EXPECT_EQ(fixed_point(1e308, 0).size(), 309u);
  EXPECT_EQ(percent(.8543), "85.4\u202F%");
  EXPECT_EQ(percent(.8543, 0), "85\u202F%");
  EXPECT_EQ(percent(std::nan("")), "–");
  EXPECT_EQ(thousands(2032392), "2\u202F032\u202F392");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(figure_text("accuracy", .8543), "85.4\u202F%");
  EXPECT_EQ(figure_text("top 3", 1), "100.0\u202F%");
  EXPECT_EQ(figure_text("loss", .8543), "0.854");
  EXPECT_EQ(figure_text("F1 top", .5), "0.500");
  EXPECT_EQ(deviation_text("accuracy", .0123), "± 1.2");
  EXPECT_EQ(deviation_text("loss", .0123), "± 0.012");
  EXPECT_EQ(counted(1, "clip"), "1 clip");
  EXPECT_EQ(counted(0, "clip"), "0 clips");
  const char* ordinals[] = {"1st", "2nd", "3rd", "4th"};
  for (i64 i = 1; i <= 4; ++i) EXPECT_EQ(ordinal(i), ordinals[i - 1]);
  EXPECT_EQ(ordinal(11) + ordinal(12) + ordinal(13) + ordinal(21), "11th12th13th21st");
}

// What the other tests rely on.
TEST(HtmlParser, RefusesWhatIsNotWellFormed) {
  auto parse = [](const char* text) { return HtmlParser(text).page(); };
  EXPECT_EQ(parse("<p class='a b'>x &lt; <b>y</b></p>").first("p", "b").text(), "x < y");
  for (const char* text :
       {"<p>", "</p>", "<p><b></p></b>", "<p a>x</p>", "<p>x > y</p>", "<p>\"</p>", "<p>& x</p>",
        "<p a='x' a='y'></p>", "<p a='<'></p>", "<p a=''b=''></p>"})
    EXPECT_ANY_THROW(parse(text)) << text;
}

}  // namespace
}  // namespace melgrad
