#pragma once
#include <string>
#include <vector>

#include "apps/trained/trained_net.h"

namespace melgrad {

/// A weights file whose net hears. Throws Error of `program` if it sees something else.
TrainedNet load_song_net(const std::string& program, const std::string& file);
/// Two lines: the file, its net and scores; the classes.
std::string description(const std::string& file, const TrainedNet& net);
/// JSON, for an output: {file, hash, net, shape, classes, input, scores}
std::string facts_of(const TrainedNet& net, const std::string& file, const std::string& hash);

/// As few digits as give the number back.
std::string digits(double number);
std::string digits(float number);
/// The f64 whose digits are the f32's: 0.1F is 0.1 and not 0.10000000149011612.
double as_written(float number);

/// The classes from the strongest to the weakest, as indices.
std::vector<std::size_t> by_strength(const std::vector<float>& strengths);

}  // namespace melgrad
