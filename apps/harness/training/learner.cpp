#include "apps/harness/training/learner.h"

#include "apps/harness/training/solver.h"
#include "apps/harness/training/trainer.h"

namespace melgrad {

std::unique_ptr<Learner> make_learner(Module& net, const Generator& generator, const Lesson& lesson,
                                      const Training& training, u64 seed) {
  if (const auto* settings = std::get_if<SolverSettings>(&training))
    return std::make_unique<Solver>(net, lesson, *settings, seed);
  return std::make_unique<Trainer>(net, generator, lesson, std::get<Recipe>(training), seed);
}

}  // namespace melgrad
