#include "apps/harness/report/report.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "apps/harness/progress.h"
#include "apps/harness/report/plot.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

constexpr i64 examples_a_genre = 6, mistakes_shown = 36;

std::string base64(const std::string& bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    unsigned word = 0;
    for (std::size_t j = 0; j < 3; ++j)
      word = word << 8U | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += j <= have ? digits[word >> (18 - 6 * j) & 63U] : '=';
  }
  return text;
}

// A path as a link: every byte that a URL may not hold becomes %XX.
std::string link_to(const std::string& path) {
  std::string link = path.rfind('/', 0) == 0 ? "file://" : "";
  for (char c : path) {
    bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                 std::string("-_.~/").find(c) != std::string::npos;
    constexpr char hex[] = "0123456789ABCDEF";
    auto byte = static_cast<unsigned char>(c);
    link += plain ? std::string(1, c) : std::string{'%', hex[byte >> 4U], hex[byte & 15U]};
  }
  return link;
}

/// One section of the page after the other, written into `out`.
class Page {
 public:
  Page(const Results& results, const PictureSource& picture)
      : results_(results), picture_(picture), main_(results.protocols.at(0)) {
    for (const NetResult& net : results_.nets) {
      const Fit* fit = first_fit(net, main_.name);
      if (fit == nullptr) continue;
      ran_.push_back(&net);
      if (best_ == nullptr || better(net, *best_)) best_ = &net;
    }
    chance_ = 1.0 / static_cast<double>(std::max<std::size_t>(1, results.classes.size()));
  }

  std::string html() {
    out_ << "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>"
         << escape_html(results_.study) << "</title>"
         << "<meta name='viewport' content='width=device-width, initial-scale=1'><style>"
         << report_style << "</style></head><body><main>";
    head();
    table();
    curves();
    confusions();
    clips();
    mistakes();
    settings();
    data();
    again();
    out_ << "</main><script>" << report_script << "</script></body></html>\n";
    return std::move(out_).str();
  }

 private:
  bool better(const NetResult& a, const NetResult& b) const {
    return measured(a, main_.name).accuracy.mean > measured(b, main_.name).accuracy.mean;
  }

  const std::string& class_name(i64 label) const {
    return results_.classes.at(static_cast<std::size_t>(label));
  }

  void head() {
    out_ << "<header><p class='eyebrow'>melgrad · " << escape_html(results_.data_set) << "</p><h1>"
         << escape_html(results_.study) << "</h1>";
    if (best_ != nullptr) {
      const Fit& fit = *first_fit(*best_, main_.name);
      double right = fit.confusion.accuracy() * static_cast<double>(fit.confusion.total());
      out_ << format(
          "<p class='lead'>The best of {} net{}, {}, names the genre of {} of {} test clips{}: {}. "
          "Guessing would get {}.</p>",
          ran_.size(), ran_.size() == 1 ? "" : "s", escape_html(best_->title), std::llround(right),
          fit.confusion.total(), heard(), percent(fit.confusion.accuracy()), percent(chance_));
    } else {
      out_ << "<p class='lead'>No net has finished yet.</p>";
    }
    out_ << "<dl class='facts'>";
    auto fact = [&](const char* name, const std::string& value) {
      out_ << "<div><dt>" << name << "</dt><dd>" << escape_html(value) << "</dd></div>";
    };
    fact("Date", results_.date);
    fact("Device", results_.device);
    fact("Threads", std::to_string(results_.threads));
    fact("Numbers", results_.compute);
    fact("Seed", std::to_string(results_.seed));
    out_ << "</dl></header>";
  }

  // A split over excerpts puts pieces of the same recording on both sides.
  const char* heard() const {
    return main_.name == "published" ? ", but knows other excerpts of the same recordings"
                                     : " that it never heard in training";
  }

  static std::string with_deviation(const MeanDeviation& value, bool share, i64 fits) {
    std::string text = share ? percent(value.mean) : fixed_point(value.mean, 3);
    if (fits < 2) return text;
    return text + " <span class='pm'>± " +
           fixed_point(share ? value.deviation * 100 : value.deviation, share ? 1 : 3) + "</span>";
  }

  void table() {
    out_ << "<section><h2>Published and measured</h2>";
    out_ << "<ul class='legend'><li><svg viewBox='0 0 26 12'><circle class='published' cx='13' "
            "cy='6' r='4.2'/></svg>published accuracy</li><li><svg viewBox='0 0 26 12'><circle "
            "class='measured' cx='13' cy='6' r='4.6'/></svg>measured here</li><li><svg viewBox='0 "
            "0 26 12'><line class='chance' x1='13' y1='0' x2='13' y2='12'/></svg>guessing, "
         << percent(chance_, 0) << "</li></ul>";
    out_ << "<div class='scroll'><table class='nets'><thead><tr><th class='group'></th><th "
            "class='group wide'></th><th class='group wide'></th><th class='group' "
            "colspan='2'>accuracy</th><th class='group wide' colspan='2'>loss</th><th "
            "class='group wide'></th><th class='group wide'></th></tr>"
            "<tr><th scope='col'>Net</th><th scope='col' class='wide'>parameters</th><th "
            "scope='col' class='wide'>0 – 100 %</th><th scope='col'>published</th><th "
            "scope='col'>measured</th><th scope='col' class='wide'>published</th><th scope='col' "
            "class='wide'>measured</th><th scope='col' class='wide'>macro F1</th><th scope='col' "
            "class='wide'>time</th></tr></thead><tbody>";
    for (const NetResult& net : results_.nets) row(net);
    out_ << "</tbody></table></div>";
    out_ << "<p class='note'>" << escape_html(main_.note) << "</p>";
    for (const std::string& note : results_.notes)
      out_ << "<p class='note'>" << escape_html(note) << "</p>";
    other_protocols();
    out_ << "</section>";
  }

  void row(const NetResult& net) {
    Measured mean = measured(net, main_.name);
    bool ran = mean.fits > 0;
    double nan = std::nan("");
    out_ << "<tr class='" << (ran ? "" : "absent")
         << (&net == best_ && ran_.size() > 1 ? " best" : "") << "'><td><b>"
         << escape_html(net.title) << "</b><small>" << escape_html(net.layers) << "</small>";
    if (!net.not_run.empty() && net.not_run != "not run")
      out_ << "<small>" << escape_html(net.not_run) << "</small>";
    if (mean.diverged > 0)
      out_ << "<small class='wrong'>" << escape_html(failure(net)) << "</small>";
    out_ << "</td><td class='wide'>" << (net.parameters > 0 ? thousands(net.parameters) : "–")
         << "</td><td class='wide'>"
         << accuracy_strip(net.published.accuracy, ran ? mean.accuracy.mean : nan,
                           mean.accuracy.deviation, chance_)
         << "</td><td>" << percent(net.published.accuracy) << "</td><td class='strong'>"
         << (ran                 ? with_deviation(mean.accuracy, true, mean.fits)
             : mean.diverged > 0 ? "<span class='wrong'>diverged</span>"
                                 : "<span class='pm'>not run</span>")
         << "</td><td class='wide'>" << fixed_point(net.published.loss, 3)
         << "</td><td class='wide'>" << (ran ? with_deviation(mean.loss, false, mean.fits) : "–")
         << "</td><td class='wide'>" << (ran ? fixed_point(mean.macro_f1.mean, 3) : "–")
         << "</td><td class='wide'>" << (ran ? clock_time(mean.seconds.mean) : "–") << "</td></tr>";
  }

  std::string failure(const NetResult& net) const {
    for (const Fit& fit : net.fits)
      if (fit.protocol == main_.name && fit.diverged) return fit.ended;
    return "";
  }

  // The published split beside the honest one, where a run measured both.
  void other_protocols() {
    for (std::size_t i = 1; i < results_.protocols.size(); ++i) {
      const Protocol& other = results_.protocols[i];
      out_ << "<h3 style='margin-top:26px'>" << escape_html(main_.title) << ", and "
           << escape_html(other.title) << "</h3><p class='note'>" << escape_html(other.note)
           << "</p><table class='scores'><tr><th>Net</th><th>" << escape_html(main_.title)
           << "</th><th>" << escape_html(other.title) << "</th><th>difference</th></tr>";
      for (const NetResult* net : ran_) {
        Measured a = measured(*net, main_.name), b = measured(*net, other.name);
        if (b.fits == 0) continue;
        out_ << "<tr><td>" << escape_html(net->title) << "</td><td>"
             << with_deviation(a.accuracy, true, a.fits) << "</td><td><b>"
             << with_deviation(b.accuracy, true, b.fits) << "</b></td><td>"
             << decimal((b.accuracy.mean - a.accuracy.mean) * 100, 1) << " points</td></tr>";
      }
      out_ << "</table>";
    }
  }

  void curves() {
    if (ran_.empty()) return;
    out_ << "<section><h2>How they learnt</h2><ul class='legend'><li><svg viewBox='0 0 26 "
            "12'><polyline class='train' points='0,6 26,6'/></svg>training</li><li><svg "
            "viewBox='0 0 26 12'><polyline class='valid' points='0,6 "
            "26,6'/></svg>validation</li><li><svg viewBox='0 0 26 12'><circle class='best' "
            "cx='13' cy='6' r='4'/></svg>best epoch: the weights that were tested</li><li><svg "
            "viewBox='0 0 26 12'><rect class='overfit' width='26' height='12'/></svg>overfitting: "
            "training loss falls, validation loss has risen by 5 %</li></ul><p class='note'>Above "
            "the loss, below the "
            "accuracy, over the epochs.</p><div class='cards'>";
    for (const NetResult& net : results_.nets) {
      for (const Fit& fit : net.fits) {
        if (fit.protocol != main_.name || fit.history.empty()) continue;
        double seconds = 0;
        for (const Epoch& epoch : fit.history) seconds += epoch.seconds;
        out_ << "<article class='card'><h3>" << escape_html(net.title);
        if (net.fits.size() > 1) out_ << ", seed " << fit.seed;
        out_ << "</h3><p>" << escape_html(fit.ended);
        if (fit.best_epoch >= 0) out_ << "; best: epoch " << fit.best_epoch + 1;
        out_ << "; " << fixed_point(seconds / static_cast<double>(fit.history.size()), 1)
             << " s an epoch</p>" << learning_curves(fit) << "</article>";
      }
    }
    out_ << "</div></section>";
  }

  void confusions() {
    if (ran_.empty()) return;
    out_ << "<section><h2>What is taken for what</h2><p class='note'>A row is the true genre, a "
            "column what the net said; the depth of colour is the share of the row.</p><div "
            "class='cards'>";
    for (const NetResult* net : ran_) {
      const Fit& fit = *first_fit(*net, main_.name);
      out_ << "<article class='card'><h3>" << escape_html(net->title) << "</h3><p>"
           << percent(fit.confusion.accuracy()) << " right</p>"
           << confusion_table(fit.confusion, results_.classes) << "</article>";
    }
    out_ << "</div>";
    const Fit& fit = *first_fit(*best_, main_.name);
    out_ << "<h3 style='margin-top:32px'>" << escape_html(best_->title)
         << ", genre by genre</h3><table class='scores'><tr><th>Genre</th><th>precision</th>"
            "<th>recall</th><th>F1</th><th>clips</th></tr>";
    for (i64 c = 0; c < fit.confusion.classes(); ++c) {
      ClassScore score = fit.confusion.score(c);
      out_ << "<tr><td>" << escape_html(class_name(c)) << "</td><td>"
           << fixed_point(score.precision, 2) << "</td><td>" << fixed_point(score.recall, 2)
           << "</td><td>" << fixed_point(score.f1, 2) << "</td><td>" << score.support
           << "</td></tr>";
    }
    out_ << "</table></section>";
  }

  // How many of the nets name test clip i rightly.
  std::string tally(std::size_t i) const {
    i64 right = 0;
    for (const NetResult* net : ran_)
      right += first_fit(*net, main_.name)->predictions.at(i).label == main_.test[i].label;
    return format("{} of {} nets right", right, ran_.size());
  }

  void figure(std::size_t i) {
    const TestClip& clip = main_.test[i];
    const Prediction& said = first_fit(*best_, main_.name)->predictions.at(i);
    std::string picture = picture_(clip.index), source;
    if (!picture.empty())
      source = "<img alt='spectrogram' loading='lazy' src='data:image/jpeg;base64," +
               base64(picture) + "'>";
    out_ << format("<figure data-truth='{}' data-guess='{}'>", clip.label, said.label);
    if (clip.sound.empty()) {
      out_ << "<span class='picture'>" << source << "</span>";
    } else {
      out_ << "<button class='picture' data-sound='" << escape_html(link_to(clip.sound))
           << "#t=" << decimal(clip.begin, 2) << "," << decimal(clip.end, 2)
           << "' aria-label='play " << escape_html(clip.name) << "'>" << source << "</button>";
    }
    bool right = said.label == clip.label;
    out_ << "<figcaption><span class='" << (right ? "right'>✓ " : "wrong'>✗ ")
         << escape_html(class_name(said.label)) << "</span> " << percent(said.confidence, 0);
    if (!right) out_ << "<br>is " << escape_html(class_name(clip.label));
    if (ran_.size() > 1) out_ << "<br>" << tally(i);
    out_ << "<span class='name'>" << escape_html(clip.name.substr(clip.name.find('/') + 1))
         << "</span></figcaption></figure>";
  }

  void clips() {
    if (best_ == nullptr) return;
    out_ << "<section><h2>Look" << (sounds() ? " and listen" : "")
         << "</h2><p class='note'>Test clips as the nets see them: time from left to right, "
            "frequency from low to high. The word below is what "
         << escape_html(best_->title) << " says, and how sure it is.</p>";
    for (std::size_t c = 0; c < results_.classes.size(); ++c) {
      out_ << "<h3 class='genre'>" << escape_html(results_.classes[c])
           << "</h3><div class='clips'>";
      i64 shown = 0;
      for (std::size_t i = 0; i < main_.test.size() && shown < examples_a_genre; ++i) {
        if (main_.test[i].label != static_cast<i64>(c)) continue;
        figure(i);
        ++shown;
      }
      out_ << "</div>";
    }
    out_ << "</section>";
  }

  bool sounds() const {
    return std::any_of(main_.test.begin(), main_.test.end(),
                       [](const TestClip& clip) { return !clip.sound.empty(); });
  }

  void mistakes() {
    if (best_ == nullptr) return;
    const Fit& fit = *first_fit(*best_, main_.name);
    std::vector<std::size_t> wrong;
    for (std::size_t i = 0; i < main_.test.size(); ++i)
      if (fit.predictions.at(i).label != main_.test[i].label) wrong.push_back(i);
    out_ << "<section><h2>Where " << escape_html(best_->title) << " is wrong</h2>";
    if (wrong.empty()) {
      out_ << "<p>It made no mistake on the test clips.</p></section>";
      return;
    }
    std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) {
      return fit.predictions[a].confidence > fit.predictions[b].confidence;
    });
    auto shown = std::min<std::size_t>(wrong.size(), mistakes_shown);
    out_ << "<p class='note'>" << wrong.size() << " of " << main_.test.size()
         << " test clips, the surest mistakes first"
         << (shown < wrong.size() ? format("; {} are shown", shown) : "") << ".</p>";
    out_ << "<div class='filters' hidden><label>true genre<select>";
    options();
    out_ << "</select></label><label>taken for<select>";
    options();
    out_ << "</select></label></div><div class='clips mistakes'>";
    for (std::size_t i = 0; i < shown; ++i) figure(wrong[i]);
    out_ << "</div></section>";
  }

  void options() {
    out_ << "<option value=''>any</option>";
    for (std::size_t c = 0; c < results_.classes.size(); ++c)
      out_ << "<option value='" << c << "'>" << escape_html(results_.classes[c]) << "</option>";
  }

  void settings() {
    out_ << "<section><h2>Settings</h2><p class='note'>Where each comes from: "
            "<span class='mark'>src</span> the authors' code, <span class='mark'>fig</span> a "
            "published figure, <span class='mark'>txt</span> the write-up's text, <span "
            "class='mark inf'>inf</span> inferred, because the write-up does not say, <span "
            "class='mark'>set</span> the command line.</p><div class='scroll'><table "
            "class='settings'>";
    for (const Setting& setting : results_.settings)
      out_ << "<tr><td>" << escape_html(setting.name) << "</td><td>" << escape_html(setting.value)
           << "</td><td><span class='mark " << escape_html(setting.mark) << "'>"
           << escape_html(setting.mark) << "</span></td><td>" << escape_html(setting.note)
           << "</td></tr>";
    out_ << "</table></div></section>";
  }

  void data() {
    out_ << "<section><h2>Data</h2><p>" << escape_html(results_.data_set) << "</p>";
    for (const Protocol& protocol : results_.protocols)
      out_ << format("<p class='note'>{}: {} clips to train, {} to validate, {} to test.</p>",
                     escape_html(protocol.title), protocol.train, protocol.valid,
                     protocol.test.size());
    if (!results_.skipped.empty()) {
      out_ << "<details open><summary>" << results_.skipped.size()
           << (results_.skipped.size() == 1 ? " file was" : " files were")
           << " skipped</summary><ul>";
      for (const std::string& name : results_.skipped)
        out_ << "<li>" << escape_html(name) << "</li>";
      out_ << "</ul></details>";
    }
    out_ << "</section>";
  }

  void again() {
    out_ << "<section><h2>Once more</h2><p>The same command with the same number of threads gives "
            "the same numbers:</p><pre><code>"
         << escape_html(results_.command)
         << "</code></pre><p class='note'>All figures of this page are in results.json beside "
            "it.</p></section>";
  }

  const Results& results_;
  const PictureSource& picture_;
  const Protocol& main_;
  std::vector<const NetResult*> ran_;
  const NetResult* best_ = nullptr;
  double chance_ = 0;
  std::ostringstream out_;
};

}  // namespace

void write_report(const Results& results, const PictureSource& picture, const std::string& path) {
  check(!results.protocols.empty(), "report", "no data were loaded: nothing to report");
  write_file(path, Page(results, picture).html());
}

}  // namespace melgrad
