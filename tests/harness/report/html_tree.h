#pragma once
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace melgrad {

/// An element of a page, or, without a name, a piece of its text.
struct HtmlNode {
  std::string name, own_text;
  std::map<std::string, std::string> attributes;
  std::vector<HtmlNode> children;

  /// All text below, entities replaced.
  std::string text() const {
    std::string all = own_text;
    for (const HtmlNode& child : children) all += child.text();
    return all;
  }
  bool is(const std::string& tag, const std::string& of_class = "") const {
    if (name != tag) return false;
    auto found = attributes.find("class");
    std::string classes = " " + (found == attributes.end() ? "" : found->second) + " ";
    return of_class.empty() || classes.find(" " + of_class + " ") != std::string::npos;
  }
  std::string attribute(const std::string& key) const {
    auto found = attributes.find(key);
    return found == attributes.end() ? "" : found->second;
  }
  void visit(const std::function<void(const HtmlNode&)>& f) const {
    f(*this);
    for (const HtmlNode& child : children) child.visit(f);
  }
  /// Those below that are it, in the order of the page.
  std::vector<const HtmlNode*> all(const std::string& tag, const std::string& of_class = "") const {
    std::vector<const HtmlNode*> found;
    for (const HtmlNode& child : children)
      child.visit([&](const HtmlNode& node) {
        if (node.is(tag, of_class)) found.push_back(&node);
      });
    return found;
  }
  const HtmlNode& first(const std::string& tag, const std::string& of_class = "") const {
    auto found = all(tag, of_class);
    if (found.empty()) throw std::runtime_error("no <" + tag + " class=" + of_class + ">");
    return *found.front();
  }
};

/// Reads what html.h writes, and throws where a page is not well formed: something is not closed,
/// or a character stands raw that may not.
class HtmlParser {
 public:
  explicit HtmlParser(std::string text) : text_(std::move(text)) {}

  HtmlNode page() {
    HtmlNode root;
    if (text_.rfind("<!doctype html>", 0) == 0) at_ = 15;
    inside(root);
    if (at_ != text_.size()) stop("a closing tag too many");
    return root;
  }

 private:
  [[noreturn]] void stop(const std::string& what) const {
    throw std::runtime_error(what + " at …" + text_.substr(at_ < 60 ? 0 : at_ - 60, 120));
  }
  bool next(const std::string& word) const { return text_.compare(at_, word.size(), word) == 0; }

  void inside(HtmlNode& parent) {
    while (at_ < text_.size() && !next("</")) {
      HtmlNode& child = parent.children.emplace_back();
      if (text_[at_] == '<')
        element(child);
      else
        child.own_text = words("<");
    }
  }

  void element(HtmlNode& node) {
    ++at_;
    node.name = name();
    while (text_.at(at_) == ' ') {
      ++at_;
      std::string key = name();
      if (!next("='")) stop("an attribute without a value");
      at_ += 2;
      if (!node.attributes.emplace(key, words("'")).second) stop("an attribute twice");
      ++at_;
    }
    if (text_.at(at_) != '>') stop("a tag that does not end");
    ++at_;
    if (node.name == "br" || node.name == "img" || node.name == "meta") return;
    std::string end = "</" + node.name + ">";
    if (node.name == "style" || node.name == "script") {
      std::size_t to = text_.find(end, at_);
      node.children.emplace_back().own_text = text_.substr(at_, to - at_);
      at_ = to;
    } else {
      inside(node);
    }
    if (!next(end)) stop("<" + node.name + "> is not closed");
    at_ += end.size();
  }

  std::string name() {
    std::size_t end = text_.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", at_);
    if (end == at_) stop("a name is missing");
    std::string found = text_.substr(at_, end - at_);
    at_ = end;
    return found;
  }

  // Up to one of `ends` or the end of the page.
  std::string words(const std::string& ends) {
    static const std::map<std::string, char> entities = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    std::string found;
    for (; at_ < text_.size() && ends.find(text_[at_]) == std::string::npos; ++at_) {
      char c = text_[at_];
      if (std::string("<>\"'").find(c) != std::string::npos) stop("a raw character");
      if (c == '&') {
        std::string entity = text_.substr(at_, text_.find(';', at_) + 1 - at_);
        auto known = entities.find(entity);
        if (known == entities.end()) stop("an unknown entity");
        c = known->second;
        at_ += entity.size() - 1;
      }
      found += c;
    }
    return found;
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace melgrad
