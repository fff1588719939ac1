// Words of one role: positional ones, `--key=value` or `--key value` options, and after `--` a
// command. Borrows argv for the life of the process. A wrong word ends the process with status 2
// and a line on stderr, so that a mistyped test fails loudly.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace reaperd::roles {

class Arguments {
 public:
  // `words` ends with a null pointer, like argv; words[0] is the name of the role.
  explicit Arguments(char** words);

  std::string_view Name() const { return name_; }

  // The nth positional word; ends the process when there are too few.
  std::string_view Word(std::size_t index) const;
  std::size_t WordCount() const { return words_.size(); }
  long Number(std::size_t index) const;

  bool Has(std::string_view key) const;
  std::string_view Option(std::string_view key, std::string_view fallback) const;
  long NumberOption(std::string_view key, long fallback) const;
  std::vector<std::string_view> All(std::string_view key) const;

  // The command after `--`, null-terminated; ends the process if there is none.
  char** Command() const;
  bool HasCommand() const { return command_ != nullptr; }

  // Ends the process if an option outside this list was given.
  void Allow(std::initializer_list<std::string_view> keys) const;

 private:
  std::string_view name_;
  std::vector<std::string_view> words_;
  std::vector<std::pair<std::string_view, std::string_view>> options_;
  char** command_ = nullptr;
};

// The parts of `text` between commas; empty text has none.
std::vector<std::string_view> SplitAtCommas(std::string_view text);
long ParseNumber(std::string_view text);

}  // namespace reaperd::roles
