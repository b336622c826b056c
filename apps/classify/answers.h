#pragma once
#include <string>
#include <vector>

#include "apps/classify/song.h"

namespace melgrad {

struct Answer {
  Song song;
  std::string hash;  // content_hash; empty unless something is written
  Heard heard;
};

/// What is written: the same whether the program was stopped in between or not.
struct Answers {
  const TrainedNet& net;
  std::string weights = {}, weights_hash = {};  // the file, as the user wrote it
  double every = 1;
  bool winograd = false;  // kernels/winograd.h
  std::vector<Answer> songs = {};
  std::vector<Problem> problems = {};
};

/// A row for each song's mean ("song" in the column `part`) and one for each of its windows
/// ("window"): file, part, begin, end, a column a class. RFC 4180, with \n.
std::string csv_of(const Answers& answers);
/// All of it: {format, version, weights: {file, hash, net, shape, classes, input, scores}, every, winograd,
/// songs: [{file, hash, seconds, strengths, windows: [{begin, end, strengths}]}], problems: [{file,
/// reason}]}, strengths in the order of the classes.
std::string json_of(const Answers& answers);

}  // namespace melgrad
