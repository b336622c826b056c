#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/harness/data/view.h"
#include "apps/harness/training/recipe.h"

/// A recipe and a view as a report's settings have them.
namespace melgrad {

/// "1e-3; then …": a text of each stage, once if they are the same.
std::string of_stages(const Recipe& recipe, const std::function<std::string(const Stage&)>& text);
std::string course_in_words(const Course& course);
/// "SAGA, until …"
std::string solver_in_words(const SolverSettings& settings);
std::string rate_in_words(const Recipe& recipe);
/// Empty where all parameters are trained throughout.
std::string trained_in_words(const Recipe& recipe);
std::string epochs_in_words(const Recipe& recipe);
/// Empty where nothing happens.
std::string augmentation_in_words(const Augmentation& augmentation);
std::string variants_in_words(const std::vector<Distortion>& variants);
std::string test_time_in_words(const TestTime& test);

}  // namespace melgrad
