#include "ctl/table.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "ctl/display.h"

namespace reaperd::ctl {
namespace {

constexpr std::size_t kGap = 2;  // columns between columns

struct StyleCode {
  Style style;
  std::string_view on;
};

// TABLE: SGR sequences; the eight colours that every terminal has.
constexpr std::array<StyleCode, 7> kStyles{{
    {Style::kPlain, ""},
    {Style::kBold, "\033[1m"},
    {Style::kDim, "\033[2m"},
    {Style::kRed, "\033[31m"},
    {Style::kGreen, "\033[32m"},
    {Style::kYellow, "\033[33m"},
    {Style::kCyan, "\033[36m"},
}};
constexpr std::string_view kStyleOff = "\033[0m";

std::string_view CodeOf(Style style) {
  for (const StyleCode& row : kStyles) {
    if (row.style == style) return row.on;
  }
  return "";
}

}  // namespace

std::string Styled(std::string_view text, Style style, const View& view) {
  if (view.colors == Colors::kNo || style == Style::kPlain || text.empty()) {
    return std::string(text);
  }
  return std::string(CodeOf(style)) + std::string(text) + std::string(kStyleOff);
}

void Table::Add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (Cell& cell : row)
    cell.text = Harmless(cell.text);
  rows_.push_back(std::move(row));
}

/// Indices of the columns that there is room for.
std::vector<std::size_t> Table::Shown(const std::vector<std::size_t>& widths,
                                      const View& view) const {
  std::vector<std::size_t> shown(columns_.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  if (!view.width) return shown;
  const auto needed = [&] {
    std::size_t sum = 0;
    for (const std::size_t i : shown)
      sum += i + 1 == columns_.size() ? std::min(widths[i], kLeastOfLast) : widths[i] + kGap;
    return sum;
  };
  while (needed() > *view.width) {
    const auto least = std::max_element(shown.begin(), shown.end(), [&](auto a, auto b) {
      return columns_[a].expendable < columns_[b].expendable;
    });
    if (least == shown.end() || columns_[*least].expendable == 0) break;
    shown.erase(least);
  }
  return shown;
}

std::string Table::Text(const View& view) const {
  std::vector<std::size_t> widths(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = ColumnsOf(columns_[i].title);
    for (const auto& row : rows_)
      width = std::max(width, ColumnsOf(row[i].text));
    const std::size_t most = columns_[i].max_columns;
    widths[i] = view.width && most != 0 ? std::min(width, most) : width;
  }
  const std::vector<std::size_t> shown = Shown(widths, view);
  std::size_t before = 0;
  for (std::size_t n = 0; n + 1 < shown.size(); ++n)
    before += widths[shown[n]] + kGap;
  if (view.width) {
    widths[shown.back()] = *view.width > before ? *view.width - before : kLeastOfLast;
  }

  std::string out;
  const auto add_line = [&](auto&& cell_at) {
    std::string line;
    for (std::size_t n = 0; n < shown.size(); ++n) {
      const std::size_t i = shown[n];
      const bool last = n + 1 == shown.size();
      const Cell cell = cell_at(i);
      const std::string text = view.width ? CutTo(cell.text, widths[i]) : cell.text;
      const std::size_t used = ColumnsOf(text);
      const std::string blanks(widths[i] > used ? widths[i] - used : 0, ' ');
      const bool right = columns_[i].align == Align::kRight && !last;
      if (right) line += blanks;
      line += Styled(text, cell.style, view);
      if (last) continue;
      if (!right) line += blanks;
      line.append(kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  add_line([&](std::size_t i) { return Cell{std::string(columns_[i].title), Style::kDim}; });
  for (const auto& row : rows_)
    add_line([&](std::size_t i) { return row[i]; });
  return out;
}

void Facts::Add(std::string_view name, const std::string& value, Style style) {
  if (!value.empty()) facts_.push_back({std::string(name), {Harmless(value), style}});
}

std::string Facts::Text(const View& view) const {
  std::size_t width = 0;
  for (const Fact& fact : facts_)
    width = std::max(width, ColumnsOf(fact.name));
  std::string out;
  for (const Fact& fact : facts_) {
    const std::string blanks(width - ColumnsOf(fact.name) + kGap, ' ');
    const std::size_t before = width + kGap;
    const bool cut = view.width && *view.width > before;
    const std::string value = cut ? CutTo(fact.value.text, *view.width - before) : fact.value.text;
    out += Styled(fact.name, Style::kDim, view) + blanks;
    out += Styled(value, fact.value.style, view) + '\n';
  }
  return out;
}

}  // namespace reaperd::ctl
