#include "apps/harness/report/html.h"

#include <algorithm>
#include <cctype>

namespace melgrad {
namespace {

// Length of the UTF-8 sequence that starts at text[i]; 0 if there is none (RFC 3629: nothing longer
// than needed, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  auto byte = [&](std::size_t j) { return static_cast<unsigned char>(text[j]); };
  std::size_t length = byte(i) < 0x80                      ? 1
                       : byte(i) >= 0xC2 && byte(i) < 0xE0 ? 2
                       : byte(i) >= 0xE0 && byte(i) < 0xF0 ? 3
                       : byte(i) >= 0xF0 && byte(i) < 0xF5 ? 4
                                                           : 0;
  if (i + length > text.size()) return 0;
  for (std::size_t j = 1; j < length; ++j)
    if ((byte(i + j) & 0xC0) != 0x80) return 0;
  if (length > 2) {
    unsigned first_two = byte(i) * 256U + byte(i + 1);
    bool too_long =
        (byte(i) == 0xE0 && first_two < 0xE0A0) || (byte(i) == 0xF0 && first_two < 0xF090);
    bool surrogate = first_two >= 0xEDA0 && first_two < 0xEE00;
    if (too_long || surrogate || first_two >= 0xF490) return 0;
  }
  return length;
}

bool control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

bool holds_nothing(std::string_view name) {
  return name == "br" || name == "img" || name == "meta";
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  for (std::size_t length = 1; i < text.size() && length > 0; i += length)
    length = utf8_length(text, i);
  return i == text.size();
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = utf8_length(text, i);
    switch (text[i]) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default:
        if (length == 0 || control(text[i]))
          escaped += "\uFFFD";
        else
          escaped += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return escaped;
}

std::string link_to(std::string_view path) {
  std::string link = path.starts_with('/') ? "file://" : "";
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (byte < 0x80 && std::isalnum(byte) != 0) ||
                 std::string_view("-_.~/").find(c) != std::string_view::npos;
    constexpr char hex[] = "0123456789ABCDEF";
    link += plain ? std::string(1, c) : std::string{'%', hex[byte >> 4U], hex[byte & 15U]};
  }
  return link;
}

std::string base64(std::string_view bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    unsigned word = 0;
    for (std::size_t j = 0; j < 3; ++j)
      word = word << 8U | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += j <= have ? digits[word >> (18 - 6 * j) & 63U] : '=';
  }
  return text;
}

Html Html::markup(std::string code) {
  Html html;
  html.code_ = std::move(code);
  return html;
}

Html& Html::operator+=(std::string_view text) {
  code_ += escape_html(text);
  return *this;
}

Html& Html::operator+=(const Html& html) {
  code_ += html.code_;
  return *this;
}

Html element(std::string_view name, Attributes attributes, const Html& inside) {
  std::size_t dot = std::min(name.find('.'), name.size());
  std::string code = "<" + std::string(name.substr(0, dot));
  std::string classes(name.substr(std::min(dot + 1, name.size())));
  std::replace(classes.begin(), classes.end(), '.', ' ');
  if (!classes.empty()) code += " class='" + escape_html(classes) + "'";
  for (const Attribute& attribute : attributes)
    code += " " + std::string(attribute.name) + "='" + escape_html(attribute.value) + "'";
  code += ">";
  if (!holds_nothing(name.substr(0, dot)))
    code += inside.code() + "</" + std::string(name.substr(0, dot)) + ">";
  return Html::markup(std::move(code));
}

}  // namespace melgrad
