#include "apps/transfer_learning/sections.h"

namespace melgrad::transfer_learning {

std::vector<Section> sections() {
  return {{"peaks", peaks}, {"statistics", statistics}, {"tta", copies}, {"ablation", ablation}};
}

}  // namespace melgrad::transfer_learning
