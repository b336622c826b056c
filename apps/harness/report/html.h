#pragma once
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "kernels/dtype.h"

namespace melgrad {

/// & < > " ' as entities; bytes that are not UTF-8, or that no page may hold, as U+FFFD.
std::string escape_html(std::string_view text);
/// A path as a link: every byte that a URL may not hold becomes %XX.
std::string link_to(std::string_view path);
std::string base64(std::string_view bytes);

/// A piece of a page. Strings that are added to it are text, and escaped; markup comes from tag()
/// alone, so that the name of a file or a class cannot become any.
class Html {
 public:
  Html() = default;
  /// As it stands: for the page's own style sheet and script.
  static Html markup(std::string code);

  Html& operator+=(std::string_view text);
  Html& operator+=(const Html& html);
  template <std::integral Number>
  Html& operator+=(Number number) {
    return *this += std::string_view(std::to_string(number));
  }

  bool empty() const { return code_.empty(); }
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

template <class Child>
Html operator+(Html html, const Child& child) {
  html += child;
  return html;
}

struct Attribute {
  std::string_view name;
  std::string value;
};
using Attributes = std::initializer_list<Attribute>;

Html element(std::string_view name, Attributes attributes, const Html& inside);

/// tag("td.wide", "a < b", tag("b", 3)) is <td class='wide'>a &lt; b<b>3</b></td>.
template <class... Children>
Html tag(std::string_view name, const Children&... children) {
  return element(name, {}, (Html() + ... + children));
}
/// tag("a.name", {{"href", "#x"}}, "text") is <a class='name' href='#x'>text</a>.
template <class... Children>
Html tag(std::string_view name, Attributes attributes, const Children&... children) {
  return element(name, attributes, (Html() + ... + children));
}
/// For each item a piece, one after the other.
template <class Items, class Piece>
Html each(const Items& items, Piece piece) {
  Html all;
  for (const auto& item : items) all += piece(item);
  return all;
}

/// <script type=… id=…> that holds text for the page's script: nothing in it can end it early.
Html data_script(const std::string& type, const std::string& id, std::string text);

}  // namespace melgrad
