// View: how something is to be shown; Table: rows of cells in columns, as text. Pure.
//
// What goes into a cell may come from strangers: the table makes it harmless. Without a width
// nothing is cut, for what reads it is a program.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_time.h"

namespace reaperd::ctl {

enum class Colors { kNo, kYes };
enum class Times { kRelative, kAbsolute };
enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

struct View {
  std::optional<std::size_t> width;  ///< columns of the terminal; nullopt: it is none
  Colors colors = Colors::kNo;
  Times times = Times::kRelative;
  WallMicros now = 0;
};

/// `text` is harmless already.
std::string Styled(std::string_view text, Style style, const View& view);

struct Cell {
  std::string text;
  Style style = Style::kPlain;
};

enum class Align { kLeft, kRight };

struct Column {
  std::string_view title;
  Align align = Align::kLeft;
  std::size_t max_columns = 0;  ///< longer ones are cut, on a terminal; 0: no limit
  int expendable = 0;           ///< when it is too narrow, the greatest goes first; 0: never
};

/// The last column takes what is left of the width.
class Table {
 public:
  static constexpr std::size_t kLeastOfLast = 16;

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns.
  void Add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// With a line of titles.
  [[nodiscard]] std::string Text(const View& view) const;

 private:
  [[nodiscard]] std::vector<std::size_t> Shown(const std::vector<std::size_t>& widths,
                                               const View& view) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// "name  value" lines, the names in one width. A value that is empty leaves the line out.
class Facts {
 public:
  void Add(std::string_view name, const std::string& value, Style style = Style::kPlain);
  [[nodiscard]] std::string Text(const View& view) const;

 private:
  struct Fact {
    std::string name;
    Cell value;
  };
  std::vector<Fact> facts_;
};

}  // namespace reaperd::ctl
