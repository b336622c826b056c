#include "apps/harness/report/html.h"

#include <algorithm>
#include <cctype>

#include "tensor/files/utf8.h"

namespace melgrad {
namespace {

bool control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
}

bool holds_nothing(std::string_view name) {
  return name == "br" || name == "img" || name == "meta";
}

}  // namespace

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

Html data_script(const std::string& type, const std::string& id, std::string text) {
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 6)
    text.replace(at, 1, "\\u003c");
  return tag("script", {{"type", type}, {"id", id}}, Html::markup(std::move(text)));
}

}  // namespace melgrad
