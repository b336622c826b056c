#include "apps/harness/planning/collect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/harness/data/copies.h"
#include "apps/harness/describe.h"
#include "apps/harness/planning/notes.h"
#include "tensor/files/file.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// From a folder to clips: what becomes of its files, and what is said of that.
namespace melgrad {
namespace {

TEST(Collect, ClipsThatAnInputCannotBeMadeOfAreLeftOutForAll) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  Generator generator(2);
  encode(folder / "tones/low/short.wav", {rand({200}, generator), 8000});
  Study study = example_study();  // whose MFCCs will need frames of 256 samples
  std::get<Spectrum>(study.inputs[1].recipe).feature.stft.center = false;
  Options options;
  options.data = (folder / "tones").string();
  std::vector<const Input*> both = {&study.inputs[0], &study.inputs[1]}, one = {&study.inputs[0]};
  StudyData data = collect(study, options, both, folder / "out");
  EXPECT_EQ(data.examples.at("picture").size(), 24);
  EXPECT_EQ(data.examples.at("mfcc").size(), 24);
  ASSERT_EQ(data.skipped().size(), 1u);
  EXPECT_EQ(data.skipped()[0].path.filename(), "short.wav");
  for (i64 i = 0; i < 24; ++i)
    EXPECT_EQ(data.examples.at("picture").collection().examples[static_cast<std::size_t>(i)].path,
              data.examples.at("mfcc").collection().examples[static_cast<std::size_t>(i)].path);
  EXPECT_TRUE(data.of_sounds);
  EXPECT_EQ(data.source, "tones");

  options.keep_all = true;  // then classes are not trimmed to one size
  StudyData alone = collect(study, options, one, folder / "out");
  EXPECT_EQ(alone.examples.at("picture").size(), 25);
  EXPECT_TRUE(alone.skipped().empty());
  EXPECT_NE(alone.fingerprints().at("picture"), data.fingerprints().at("picture"));
}

/// What is in it once that may be passed over in silence: unequal classes, an album, a file that is
/// no sound, copies in one class and in two, what an earlier run left.
void write_odd_folder(const std::filesystem::path& tones) {
  write_tones(tones, 1);
  std::filesystem::remove(tones / "high/5.wav");
  std::filesystem::create_directories(tones / "noisy/album");
  for (const char* name : {"3.wav", "4.wav", "5.wav"})
    std::filesystem::rename(tones / "noisy" / name, tones / "noisy/album" / name);
  write_file(tones / "high/broken.wav", "no sound");
  write_file(tones / "low/a.m4a", "some");
  write_file(tones / "low/b.m4a", "other");
  std::filesystem::copy(tones / "low/0.wav", tones / "low/copy.wav");
  std::filesystem::copy(tones / "low/1.wav", tones / "middle/x.wav");
  write_file(tones / "old/results.json", "{}");
  write_file(tones / "old/checkpoints/x", "");
  std::filesystem::copy(tones / "low/0.wav", tones / "old/checkpoints/0.wav");
}

bool any_contains(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return contains(text, part); });
}

TEST(Collect, SaysWhatHappenedToTheFiles) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "tones/old/checkpoints");
  write_odd_folder(folder / "tones");
  Study study = example_study();
  study.rules.clear();
  Options options;
  options.data = (folder / "tones").string();
  options.out = (folder / "tones/out").string();
  std::vector<const Input*> inputs = {&study.inputs[0]};
  auto notes_of = [&] {
    StudyData data = collect(study, options, inputs, options.out);
    std::vector<std::string> absent;
    std::vector<RuleSplits> rules = rule_splits(study, options, data.collection(), absent);
    return describe(study, options, data, rules, absent).notes;
  };
  std::vector<std::string> notes = notes_of();
  const char* always[] = {"3 of the files lie deeper, in 1 folder",
                          "2 files skipped (low/a.m4a and low/b.m4a): m4a is not decoded",
                          "skipped high/broken.wav: ", "only the middle 0.5 s"};
  for (const char* text : always) EXPECT_TRUE(any_contains(notes, text)) << text;
  const char* trimmed[] = {
      "5 files of high, 7 of low, 7 of middle and 6 of noisy",
      "2 files are byte for byte others: low/copy.wav is low/0.wav and middle/x.wav is low/1.wav",
      "1 song is in several classes, of which nobody knows the right one: low/1.wav = middle/x.wav",
      "5 clips left out: classes are trimmed to the smallest, high; of the others 5 of low's 7, ",
      "5 of middle's 7 and 5 of noisy's 6 are kept"};
  for (const char* text : trimmed) EXPECT_TRUE(any_contains(notes, text)) << text;

  options.drop_duplicates = options.keep_all = true;
  options.segments = 2;
  notes = notes_of();
  for (const char* text :
       {"up to 2 parts of 0.5 s", "skipped low/copy.wav: an earlier file has the same bytes",
        "2 files skipped (low/1.wav and middle/x.wav): the same bytes lie in another class, too",
        "classes are of unequal sizes: in the loss"})
    EXPECT_TRUE(any_contains(notes, text)) << text;
  EXPECT_FALSE(any_contains(notes, "byte for byte"));
  EXPECT_EQ(collect(study, options, inputs, options.out).collection().counts(),
            (std::vector<i64>{10, 10, 12, 12}));
}

/// The tones in two parts of half a second, without two of the files, however many there are.
Study cut_study() {
  Study study = example_study();
  study.rules.clear();
  study.cut = Cut{.count = 2, .seconds = .5};
  study.left_out = {{"5", "nowhere"}, "a repetition of another clip"};
  study.trims = false;
  return study;
}

// A study may know another layout than a folder a class.
TEST(Collect, AStudyMayFindItsFilesItself) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  Study study = example_study();
  study.files = [](const std::filesystem::path& data, const std::vector<std::string>& classes) {
    Collection found = scan_folder(data, classes);
    std::erase_if(found.examples, [](const Example& e) { return e.path.stem() == "0"; });
    found.skipped.push_back({data / "x", "nobody wants it"});
    return found;
  };
  Options options;
  options.data = (folder / "tones").string();
  options.classes = {"low", "high"};
  std::vector<const Input*> inputs = {&study.inputs[0]};
  StudyData data = collect(study, options, inputs, folder / "out");
  EXPECT_EQ(data.collection().classes, (std::vector<std::string>{"low", "high"}));
  for (const Example& example : data.collection().examples) EXPECT_NE(example.path.stem(), "0");
  EXPECT_EQ(data.skipped().back().reason, "nobody wants it");
  EXPECT_EQ(foresee(study, options, inputs).counts(), data.collection().counts());
}

TEST(Collect, AStudyMayCutItsFilesAndLeaveSomeOut) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  std::filesystem::remove(folder / "tones/high/4.wav");
  Study study = cut_study();
  Options options;
  options.data = (folder / "tones").string();
  options.out = (folder / "out").string();
  options.segments = 2;
  std::vector<const Input*> inputs = {&study.inputs[0]};
  StudyData data = collect(study, options, inputs, options.out);
  EXPECT_EQ(data.collection().counts(), (std::vector<i64>{8, 10, 10, 10}));
  EXPECT_TRUE(data.collection().is_segmented);
  for (std::size_t i = 0; i < 38; ++i) {
    const Example& part = data.collection().examples[i];
    EXPECT_NE(part.path.stem(), "5");
    EXPECT_EQ(part.offset, i % 2 == 0 ? 0 : .5);
    EXPECT_EQ(part.duration, .5);
  }
  EXPECT_TRUE(any_contains(data.notes, "of each file 2 parts of 0.5 s, from its beginning"));
  EXPECT_TRUE(any_contains(data.notes, "4 files skipped (high/5.wav, low/5.wav, middle/5.wav"));
  EXPECT_TRUE(any_contains(data.notes, "a repetition of another clip"));
  EXPECT_FALSE(any_contains(data.notes, "trimmed"));
  EXPECT_EQ(foresee(study, options, inputs).counts(), data.collection().counts());
}

TEST(Collect, PartsThatAFileEndsBeforeAreLeftOutAndCounted) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);  // of 1.2 s
  Tensor x = decode(folder / "tones/low/0.wav").samples;
  encode(folder / "tones/low/0.wav", {x.slice(0, 0, 7919), 8000});  // a sample less than .99 s
  encode(folder / "tones/low/1.wav", {x.slice(0, 0, 7920), 8000});
  encode(folder / "tones/high/2.wav", {x.slice(0, 0, 3960), 8000});
  Study study = cut_study();
  study.left_out = {};
  study.cut = Cut{.count = 3, .seconds = .5, .least = .49};
  Options options;
  options.data = (folder / "tones").string();
  options.out = (folder / "out").string();
  options.segments = 2;
  std::vector<const Input*> inputs = {&study.inputs[0]};
  StudyData data = collect(study, options, inputs, options.out);
  EXPECT_EQ(data.collection().counts(), (std::vector<i64>{11, 11, 12, 12}));
  EXPECT_TRUE(
      any_contains(data.notes,
                   "2 parts of 48 left out, for which the file ends too early (a part needs "
                   "0.49 s): 1 of 2.wav and 1 of 0.wav"));
  EXPECT_TRUE(data.skipped().empty());
  EXPECT_EQ(foresee(study, options, inputs).counts(), data.collection().counts());
  options.segments = 3;  // the third part has .2 s of each file
  EXPECT_EQ(foresee(study, options, inputs).counts(), data.collection().counts());
}

TEST(Describe, MadeUpMusicHasThePublishedFiguresBesideIt) {
  Study study = cut_study();
  study.genres = {"a", "b", "c", "d", "e"};
  study.made_up = {"jazz", "techno"};
  study.cut->seconds = .25;
  TemporaryFolder folder;
  Options options;
  options.clips = 7;
  options.segments = 1;
  options.out = folder.path.string();
  std::vector<const Input*> inputs = {&study.inputs[0]};
  StudyData data = collect(study, options, inputs, folder.path);
  EXPECT_EQ(data.collection().classes, study.made_up);
  EXPECT_EQ(foresee(study, options, inputs).classes, study.made_up);
  std::vector<std::string> absent;
  Results results =
      describe(study, options, data, rule_splits(study, options, data.collection(), absent), {});
  EXPECT_EQ(results.study, "Tones");
  EXPECT_EQ(results.rows[0].published.at("accuracy"), .9);
  EXPECT_TRUE(contains(results.published_note, "5 classes of recorded music"))
      << results.published_note;
  EXPECT_TRUE(contains(results.published_note, "of 2 that the program made up"));
}

TEST(Collect, NotesOfSplitsTellWhatWasLearntAndWhatIsMissing) {
  Collection clips{{"a", "b", "c"}, {}, {}};
  for (i64 i = 0; i < 24; ++i)
    clips.examples.push_back({format("{}.wav", i), i / 8, std::to_string(i)});
  Generator generator(3);
  Tensor rows = rand({24, 5}, generator);
  rows.select(0, 20).copy_(rows.select(0, 1));  // "c" in the test part, "a" in the training part
  Examples examples(clips, {.name = "x", .recipe = Columns{{"1", "2", "3", "4", "5"}}}, rows);
  EXPECT_EQ(same_files(examples), (std::vector<SameFiles>{{1, 20}}));
  EXPECT_TRUE(are_of_several_classes({1, 20}, clips));
  EXPECT_EQ(without_copies(examples).size(), 22);
  Split split{{0, 1, 2, 8, 9}, {3, 10, 16}, {4, 20, 21, 22, 23}};
  EXPECT_EQ(count_known(examples, split), 1);
  EXPECT_EQ(count_known(examples, {{20, 1}, {}, {2, 3}}), 0);
  const std::vector<RuleSplits> rules = {{split_over_clips("x", "a split", "", false), {split}}};
  Spectrum loudness{.feature = {.kind = "rms"}, .frames = 5};
  Examples sounds(clips, {.name = "x", .recipe = loudness}, rows.reshape({24, 1, 5, 1}));
  EXPECT_EQ(notes_of_splits(sounds, rules).back(),
            "a split: 1 of the 5 test clips is of a file whose copy is in the training part");
  EXPECT_EQ(notes_of_splits(examples, rules),
            (Notes{"a split: no clip of c to learn from", "a split: no clip of b to test",
                   "a split: 80\u202F% of the test part are of c, and whoever says nothing else is "
                   "as often right: each class's recall and the macro F1 say more",
                   "a split: 1 of the 5 test songs has the numbers of one in the training part"}));
}

// Files 1 and 20, and by 20 the rest of its album; and 2, 3 and 4, by two pairs.
TEST(Copies, AreOneGroup) {
  Collection clips{{"a", "b"}, {}, {}};
  for (i64 i = 0; i < 24; ++i)
    clips.examples.push_back({format("{}.wav", i), i / 12, i < 20 ? std::to_string(i) : "album"});
  Generator generator(3);
  Tensor rows = rand({24, 2}, generator);
  rows.select(0, 20).copy_(rows.select(0, 1));
  rows.select(0, 21).copy_(rows.select(0, 2));
  rows.select(0, 4).copy_(rows.select(0, 3));
  Examples examples(clips, {.name = "x", .recipe = Columns{{"1", "2"}}}, rows);
  std::map<std::string, std::set<i64>> groups;
  Examples together = with_copies_together(examples);
  for (i64 i = 0; i < 24; ++i)
    groups[together.collection().examples[static_cast<std::size_t>(i)].group].insert(i);
  std::set<std::set<i64>> sets;
  for (const auto& [name, members] : groups)
    if (members.size() > 1) sets.insert(members);
  EXPECT_EQ(sets, (std::set<std::set<i64>>{{3, 4}, {1, 2, 20, 21, 22, 23}}));
  for (const Split& fold : grouped_k_fold(together.collection(), 3, 1))
    EXPECT_EQ(count_known(together, fold), 0);
}

TEST(Collect, TheOutputsFolderIsNotOfTheData) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  auto error = [&](const std::string& out) {
    Options options;
    options.data = (folder / "tones").string();
    options.out = (folder / out).string();
    return error_of([&] { check_out(options); });
  };
  EXPECT_TRUE(contains(error("tones"), "is the folder of the data"));
  EXPECT_TRUE(contains(error("tones/low"), "holds something that no run made"));
  for (const char* fine : {"tones/out", "elsewhere", ".", "tones/../other"})
    EXPECT_EQ(error(fine), "no error") << fine;
  std::filesystem::create_directories(folder / "tones/begun");
  EXPECT_EQ(error("tones/begun"), "no error");
  write_file(folder / "tones/begun/.lock", "");
  write_file(folder / "tones/begun/results.json", "");
  EXPECT_EQ(error("tones/begun"), "no error");
}

// JSON holds nothing else, and a weights file's metadata is JSON: better said before the training.
TEST(Collect, ClassesAreUtf8) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  std::filesystem::rename(folder / "tones/low", folder / "tones/caf\xe9");
  Options options;
  options.data = (folder / "tones").string();
  Study study = example_study();
  std::string error =
      error_of([&] { collect(study, options, {&study.inputs[0]}, folder / "out"); });
  EXPECT_TRUE(contains(error, "is not UTF-8") && contains(error, "rename it")) << error;
}

TEST(Describe, OnesOwnGenresAreTheTitleAndHaveNoPublishedFigures) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  Study study = example_study();
  Options options;
  options.data = (folder / "tones").string();
  std::vector<const Input*> inputs = {&study.inputs[0]};
  auto described = [&] {
    StudyData data = collect(study, options, inputs, folder / "out");
    std::vector<std::string> absent;
    return describe(study, options, data, rule_splits(study, options, data.collection(), absent),
                    absent);
  };
  options.classes = {"noisy", "low", "middle", "high"};  // in another order
  Results published = described();
  EXPECT_EQ(published.study, "Tones");
  EXPECT_EQ(published.rows[0].published.at("accuracy"), .9);
  EXPECT_TRUE(contains(published.published_note, "This is another collection"));
  options.classes = {"noisy", "low"};
  Results own = described();
  EXPECT_EQ(own.study, "Genres: noisy and low");
  for (const RowResult& row : own.rows) EXPECT_TRUE(row.published.empty());
  EXPECT_EQ(own.published_note, "");
}

TEST(Collect, WhatAPlanForeseesIsWhatIsCollected) {
  TemporaryFolder folder;
  write_tones(folder / "tones", 1);
  std::filesystem::remove(folder / "tones/low/0.wav");
  Study study = example_study();
  Options options;
  options.data = (folder / "tones").string();
  options.segments = 2;
  std::vector<const Input*> inputs = {&study.inputs[0]};
  Collection foreseen = foresee(study, options, inputs);
  StudyData data = collect(study, options, inputs, folder / "out");
  EXPECT_EQ(foreseen.counts(), (std::vector<i64>{10, 10, 10, 10}));
  ASSERT_EQ(data.collection().examples.size(), foreseen.examples.size());
  for (std::size_t i = 0; i < foreseen.examples.size(); ++i) {
    EXPECT_EQ(data.collection().examples[i].path, foreseen.examples[i].path);
    EXPECT_EQ(data.collection().examples[i].offset, foreseen.examples[i].offset);
  }
}

}  // namespace
}  // namespace melgrad
