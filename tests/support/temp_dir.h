// TempDir: a directory of the test's own that goes with it; and small files to fill it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace reaperd::test {

class TempDir {
 public:
  /// Throws when it cannot be made. Other users may look into it.
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string Path(const std::string& name) const { return (path_ / name).string(); }

  /// Writes a file, with the directories above it, and returns its path.
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0644) const;

  /// A shell script that can be executed.
  std::string Script(const std::string& name, const std::string& body) const {
    return Write(name, "#!/bin/sh\n" + body + "\n", 0755);
  }

 private:
  std::filesystem::path path_;
};

/// The whole of a file, "" when there is none.
std::string ReadFile(const std::string& path);

}  // namespace reaperd::test
