#pragma once
#include <string>
#include <vector>

#include "apps/harness/report/report.h"

/// What the report of this study has beside that of every study: a file each.
namespace melgrad::transfer_learning {

/// All of them, in order.
std::vector<Section> sections();

Html peaks(const Report& report);  // peak accuracy, published and measured, and what an epoch took
Html statistics(const Report& report);  // every epoch in numbers
Html copies(const Report& report);      // what test-time augmentation changed
Html ablation(const Report& report);    // rows without mixup, without an augmentation

}  // namespace melgrad::transfer_learning
