#include "apps/harness/results/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

using Json = nlohmann::ordered_json;

std::string file_of(const Results& results) {
  TemporaryFolder folder;
  write_json(results, (folder / "results.json").string());
  return read_file(folder / "results.json");
}

Json written(const Results& results) { return Json::parse(file_of(results)); }

Results read(const Json& json) {
  TemporaryFolder folder;
  std::ofstream(folder / "results.json") << json;
  return read_json((folder / "results.json").string());
}

// The file without what is computed when it is written.
Json stored(Json json) {
  for (Json& row : json["rows"]) row.erase("measured");
  return json;
}

// "/rows/#/fits/#/seed" of "/rows/0/fits/3/seed".
std::string kind_of(const std::string& path) {
  std::string kind;
  for (char c : path) kind += std::isdigit(static_cast<unsigned char>(c)) != 0 ? '#' : c;
  return kind;
}

// Another value that may stand there.
Json changed(const std::string& kind, const Json& leaf) {
  if (leaf.is_string()) return leaf.get<std::string>() + " changed";
  if (contains(kind, "/diverged")) return true;  // one that did not has to have predictions
  if (leaf.is_boolean()) return !leaf.get<bool>();
  if (leaf.is_null()) return .375;
  if (leaf.is_number_float()) return leaf.get<double>() == .625 ? .375 : .625;
  i64 value = leaf.get<i64>();
  if (contains(kind, "label")) return (value + 1) % 4;
  for (const char* part : {"/train/", "/valid/", "/test/"})
    if (contains(kind, part)) return (value + 1) % 8;
  if (kind.ends_with("/fold")) return 1 - value;
  return value + 1;
}

TEST(Results, EveryFieldComesBackChanged) {
  const Json before = stored(written(example_results()));
  std::map<std::string, std::vector<std::string>> paths;
  const Json flat = before.flatten();
  for (const auto& [path, leaf] : flat.items()) paths[kind_of(path)].push_back(path);
  EXPECT_GT(paths.size(), 60u);
  for (const auto& [kind, all] : paths) {
    Json json = before;
    for (const std::string& path : all) {
      Json& leaf = json[Json::json_pointer(path)];
      if (leaf.is_structured()) continue;  // an empty list
      leaf = changed(kind, leaf);
    }
    EXPECT_EQ(stored(written(read(json))), json) << kind;
  }
}

TEST(Results, ComeBackFromTheFileAsTheyWere) {
  const Json before = written(example_results());
  EXPECT_EQ(written(read(before)), before);
  Results results = read(before);
  EXPECT_TRUE(std::isnan(results.rows[2].fits[0].history[0].valid_loss));
  EXPECT_TRUE(std::isnan(results.rows[3].published.at("loss")));
  EXPECT_EQ(results.rows[0].fits[0].measured.at("loss"), 1. / 3);  // every bit
  EXPECT_EQ(results.rows[0].fits[0].predictions[1].strengths[1], .97f);
  EXPECT_EQ(results.skipped[1], "rock/\uFFFD.wav: damaged");  // JSON is UTF-8
}

std::size_t digits_of(const std::string& number) {
  std::string digits;
  for (char c : number.substr(0, number.find('e')))
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? 1 : digits.find_last_not_of('0') + 1 - first;
}

TEST(Results, StrengthsAreShortAndKeepEveryBit) {
  Results results = example_results();
  std::vector<float>& strengths = results.rows[0].fits[0].predictions[0].strengths;
  std::mt19937 random(1);
  strengths = {.1f, 0, 1, 1e-45f, 1.17549435e-38f, std::nextafter(1.f, 0.f)};
  while (strengths.size() < 20000) {
    auto bits = static_cast<std::uint32_t>(random());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) strengths.push_back(value);
  }
  std::string text = file_of(results), numbers;
  std::istringstream list(text.substr(text.find("[0.1, 0.0, 1.0, ") + 1));
  std::getline(list, numbers, ']');
  std::istringstream each(numbers);
  std::size_t count = 0;
  for (std::string number; std::getline(each, number, ','); ++count)
    EXPECT_LE(digits_of(number), 9u) << number;
  EXPECT_EQ(count, strengths.size());
  std::vector<float> back = read(Json::parse(text)).rows[0].fits[0].predictions[0].strengths;
  ASSERT_EQ(back.size(), strengths.size());
  EXPECT_EQ(std::memcmp(back.data(), strengths.data(), back.size() * sizeof(float)), 0);
}

TEST(Results, AListIsALineAndARowOfStrengthsIsOne) {
  std::string text = file_of(example_results());
  for (const char* line :
       {"\n  \"classes\": [\"rock\", \"r&b\", \"jazz\", \"folk\"],\n",
        "\"train_loss\": [1.4, 0.8, 0.5, 0.3],\n", "\"label\": [0, 1, 2, 0],\n",
        "\n              [0.7, 0.1, 0.15, 0.05],\n", "\n            [1, 0, 0, 0],\n"})
    EXPECT_TRUE(contains(text, line)) << line;
}

TEST(Results, WhatAHistorySaysOfTheValidationPart) {
  EXPECT_TRUE(validation_figures({}).empty());
  Figures figures = validation_figures({{.valid_loss = 2, .valid_accuracy = .25},
                                        {.valid_loss = 1, .valid_accuracy = .75},
                                        {.valid_loss = 3, .valid_accuracy = .5}});
  EXPECT_EQ(figures, (Figures{{"final validation accuracy", .5},
                              {"final validation loss", 3},
                              {"best validation accuracy", .75}}));
}

TEST(Results, SayWhatFollowsFromTheFits) {
  Json row = written(example_results())["rows"][0]["measured"];
  EXPECT_EQ(row["folds"]["fits"], 4);
  EXPECT_EQ(row["folds"]["diverged"], 0);
  // 3, 3, 4 and 1 of 4 are right
  EXPECT_DOUBLE_EQ(row["folds"]["mean"]["accuracy"].get<double>(), 11. / 16);
  EXPECT_DOUBLE_EQ(row["folds"]["mean"]["loss"].get<double>(), 1. / 3);
  EXPECT_NEAR(row["folds"]["deviation"]["accuracy"].get<double>(), .31457643480294788, 1e-15);
  EXPECT_EQ(row["folds"]["best_epoch"], 1);
  EXPECT_EQ(row["folds"]["seconds"], 4.0);
  EXPECT_EQ(row["folds"]["waited"], .25);
  EXPECT_EQ(row["folds"]["confusion"], Json::parse("[[2,0,0,0],[1,1,0,0],[0,0,2,0],[1,0,0,1]]"));
  EXPECT_EQ(row["excerpts"]["mean"]["accuracy"], 1.0);
  Json lost = written(example_results())["rows"][2]["measured"]["folds"];
  EXPECT_EQ(lost, Json::parse(R"({"fits": 0, "diverged": 1})"));
}

// What is changed in a file, and what is said of it.
TEST(Results, RefuseAnotherFile) {
  TemporaryFolder folder;
  std::string path = (folder / "other.json").string();
  auto refused = [&](const std::string& text) {
    write_file(path, text);
    return error_of([&] { read_json(path); });
  };
  for (const char* text : {"", "{\"study\": \"Fo", "[]", "3", "{\"rows\": 3}", "null"})
    EXPECT_TRUE(contains(refused(text), "other.json is not a results file")) << text;

  const Json good = stored(written(example_results()));
  for (const auto& [at, value, reason] : std::vector<std::tuple<std::string, Json, std::string>>{
           {"/study", 3, "type must be string"},
           {"/rows/0/fits/0/seed", "seven", "type must be number"},
           {"/rows/0/fits/0/history", Json::object(), "'train_loss' not found"},
           {"/rows/0/fits/0/history", Json::array(), "array"},
           {"/rows/0/fits/0/history/lr", {1, 2}, "column lr has 2 entries, not 4"},
           {"/rows/0/fits/0/confusion", {{1, 2}, {3}}, "not a square"},
           {"/rows/0/fits/0/fold", 2, "fit of fold 2"},
           {"/rows/0/fits/0/fold", -1, "fit of fold -1"},
           {"/rows/0/fits/0/predictions/label/0", 4, "says class 4 of 4"},
           {"/clips/3/label", -1, "of class -1 of 4"},
           {"/clips/3/label", 4, "of class 4 of 4"},
           {"/rules/0/folds/0/test/1", 8, "has clip 8 of 8"},
           {"/rules/0/folds/0/train/1", 8, "has clip 8 of 8"},
           {"/rules/0/folds/0/valid/0", -1, "has clip -1 of 8"},
           {"/rules/0/folds/0/test/1", -1, "has clip -1 of 8"},
           {"/rules/0/folds/0/test", {1, 2}, "4 predictions in fold 0"}}) {
    Json bad = good;
    bad[Json::json_pointer(at)] = value;
    std::string error = refused(bad.dump());
    EXPECT_TRUE(contains(error, "other.json is not") && contains(error, reason)) << at << error;
  }
  for (const auto& [name, value] : good.items()) {
    Json bad = good;
    bad.erase(name);
    EXPECT_TRUE(contains(refused(bad.dump()), "key '" + name + "' not found")) << name;
  }
}

TEST(Results, EarlierOnesStayWhereTheDiskIsFull) {
  TemporaryFolder folder;
  std::string path = (folder / "results.json").string();
  write_json(example_results(), path);
  std::string before = read_file(path);
  {
    FullDisk full(1000);
    EXPECT_THROW(write_json(example_results(), path), Error);
  }
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(folder.entries(), 1u);
}

RowResult row_of(const std::vector<std::tuple<const char*, u64, i64, bool>>& fits) {
  RowResult row;
  for (const auto& [rule, seed, fold, diverged] : fits) {
    Fit& fit = row.fits.emplace_back();
    fit.rule = rule;
    fit.seed = seed;
    fit.fold = fold;
    fit.diverged = diverged;
    fit.seconds = static_cast<double>(row.fits.size());
  }
  return row;
}

TEST(Measured, LeavesOutWhatDivergedAndOtherRules) {
  RowResult row =
      row_of({{"a", 1, 0, false}, {"a", 1, 1, false}, {"a", 2, 0, true}, {"b", 1, 0, false}});
  row.fits[0].measured = {{"accuracy", .75}, {"top 3", 1}};
  row.fits[1].measured = {{"accuracy", .5}};
  row.fits[2].measured = {{"accuracy", 0}, {"loss", 9}};
  row.fits[0].waited = .5;
  Measured mean = measured(row, "a");
  EXPECT_EQ(mean.fits, 2);
  EXPECT_EQ(mean.diverged, 1);
  EXPECT_DOUBLE_EQ(mean["accuracy"].mean, (.75 + .5) / 2);
  EXPECT_DOUBLE_EQ(mean["accuracy"].deviation, std::sqrt(2 * .125 * .125));
  EXPECT_EQ(mean["top 3"].mean, 1);  // over the fits that have it
  EXPECT_TRUE(std::isnan(mean["loss"].mean));
  EXPECT_TRUE(std::isnan(mean["loss"].deviation));
  EXPECT_DOUBLE_EQ(mean.seconds.mean, 1.5);
  EXPECT_DOUBLE_EQ(mean.waited.mean, .25);
  EXPECT_EQ(measured(row, "c").fits, 0);
}

TEST(FoldsOf, AreOfTheFirstSeedThatHasAnyInTheirOrder) {
  RowResult row = row_of({{"b", 4, 0, false},
                          {"a", 5, 0, true},
                          {"a", 6, 2, false},
                          {"a", 6, 0, false},
                          {"a", 6, 1, true},
                          {"a", 9, 1, false}});
  std::vector<const Fit*> folds = folds_of(row, "a");
  EXPECT_EQ(folds, (std::vector<const Fit*>{&row.fits[3], &row.fits[2]}));
  EXPECT_EQ(first_fit(row, "a"), &row.fits[3]);
  EXPECT_EQ(first_fit(row, "c"), nullptr);
  EXPECT_TRUE(folds_of(row, "c").empty());
}

TEST(Pooled, AddsTheFoldsOfTheFirstSeedUp) {
  Results results = example_results();
  const RowResult& row = results.rows[0];
  EXPECT_EQ(pooled_confusion(row, "folds").counts(),
            (std::vector<i64>{2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2, 0, 1, 0, 0, 1}));
  EXPECT_EQ(pooled_confusion(row, "excerpts").total(), 4);
  EXPECT_EQ(pooled_confusion(row, "nothing").classes(), 0);
}

TEST(Pooled, PredictionsAreOfTheirClips) {
  Results results = example_results();
  auto labels = [&](const RuleUsed& rule) {
    std::map<i64, i64> said;
    for (const auto& [clip, prediction] : pooled_predictions(results.rows[0], rule))
      said[clip] = prediction.label;
    return said;
  };
  EXPECT_EQ(labels(results.rules[0]),
            (std::map<i64, i64>{{0, 0}, {1, 0}, {2, 1}, {3, 0}, {4, 2}, {5, 2}, {6, 0}, {7, 3}}));
  EXPECT_EQ(labels(results.rules[1]), (std::map<i64, i64>{{0, 0}, {1, 0}, {6, 3}, {7, 3}}));
  EXPECT_EQ(pooled_predictions(results.rows[1], results.rules[0]).size(), 4u);
  results.rows[0].fits[1].predictions.pop_back();
  EXPECT_THROW(pooled_predictions(results.rows[0], results.rules[0]), Error);
  results.rows[0].fits[1].fold = 2;
  EXPECT_THROW(pooled_predictions(results.rows[0], results.rules[0]), Error);
}

}  // namespace
}  // namespace melgrad
