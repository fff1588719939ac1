// Which file is executed: PATH, permissions, scripts without a first line.
#include "spawn_fixture.h"

#include <sys/stat.h>

namespace reaperd::sys {
namespace {

using test::ReadFile;

/// Directories a, b and c, to be filled with programs named `prog`.
class SpawnSearchTest : public SpawnTest {
 protected:
  void Program(const std::string& where, int code) const {
    dir_.Script(where + "/prog", "exit " + std::to_string(code));
  }
  void NotExecutable(const std::string& where) const {
    dir_.Write(where + "/prog", "#!/bin/sh\nexit 99\n", 0644);
  }

  model::ServiceSpec Search(const std::string& path) const {
    model::ServiceSpec spec = Spec({"prog"});
    spec.environment = {"PATH=" + path};
    spec.working_directory = dir_.path();
    return spec;
  }

  [[nodiscard]] std::string Path(const std::vector<std::string>& directories) const {
    std::string path;
    for (const std::string& directory : directories) {
      path += (path.empty() ? "" : ":") + dir_.Path(directory);
    }
    return path;
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, SpawnSearchTest,
                         ::testing::ValuesIn({AllWays().front(), AllWays()[4]}), NameOfWay);

TEST_P(SpawnSearchTest, TakesTheFirstThatCanBeExecuted) {
  Program("b", 2);
  Program("c", 3);
  Run([&] {
    ExpectExit(Search(Path({"a", "b", "c"})), 2);
    ExpectExit(Search(Path({"c", "b"})), 3);
  });
}

TEST_P(SpawnSearchTest, GoesPastWhatCannotBeExecuted) {
  NotExecutable("a");
  std::filesystem::create_directories(dir_.Path("b/prog"));
  Program("c", 3);
  Run([&] { ExpectExit(Search(Path({"a", "b", "c"})), 3); });
}

TEST_P(SpawnSearchTest, RemembersThatSomethingWasThere) {
  NotExecutable("a");
  Run([&] {
    ExpectFailure(Search(Path({"a"})), SpawnStep::kExec, EACCES);
    ExpectFailure(Search(Path({"a", "b"})), SpawnStep::kExec, EACCES);
    ExpectFailure(Search(Path({"b", "a"})), SpawnStep::kExec, EACCES);
    ExpectFailure(Search(Path({"b", "c"})), SpawnStep::kExec, ENOENT);
    ExpectFailure(Search(""), SpawnStep::kExec, ENOENT);
  });
}

TEST_P(SpawnSearchTest, GoesPastAFileInPlaceOfADirectory) {
  dir_.Write("file", "");
  Program("c", 3);
  Run([&] {
    ExpectExit(Search(Path({"file", "c"})), 3);
    const Started started = Start(Search(Path({"file"})));
    EXPECT_EQ(started.failure.step, SpawnStep::kExec);
    EXPECT_EQ(started.failure.code, ENOTDIR);
  });
}

TEST_P(SpawnSearchTest, AnEmptyElementIsTheWorkingDirectory) {
  dir_.Script("prog", "exit 5");
  Program("c", 3);
  Run([&] {
    ExpectExit(Search(""), 5);
    ExpectExit(Search(":" + Path({"c"})), 5);
    ExpectExit(Search(Path({"a"}) + ":"), 5);
    ExpectExit(Search(Path({"a"}) + "::" + Path({"c"})), 5);
    ExpectExit(Search(Path({"c"}) + ":"), 3);
  });
}

TEST_P(SpawnSearchTest, ASlashMeansNoSearch) {
  dir_.Script("sub/prog", "exit 6");
  Program("a", 1);
  Run([&] {
    model::ServiceSpec spec = Search(Path({"a"}));
    spec.command = {"sub/prog"};
    ExpectExit(spec, 6);
    spec.command = {"./prog"};
    ExpectFailure(spec, SpawnStep::kExec, ENOENT);
    spec.command = {dir_.Path("sub/prog")};
    ExpectExit(spec, 6);
  });
}

TEST_P(SpawnSearchTest, WithoutPathTheUsualPlacesAreSearched) {
  Run([&] {
    model::ServiceSpec spec = Spec({"true"});
    spec.environment = {};
    ExpectExit(spec, 0);
  });
}

TEST_P(SpawnSearchTest, TheLastPathCountsAsForTheProgramItself) {
  Program("a", 1);
  Run([&] {
    model::ServiceSpec spec = Search("/nowhere");
    spec.environment.push_back("PATH=" + Path({"a"}));
    ExpectExit(spec, 1);
  });
}

TEST_P(SpawnSearchTest, AnEmptyNameIsNotFound) {
  Run([&] {
    model::ServiceSpec spec = Spec({""});
    ExpectFailure(spec, SpawnStep::kExec, ENOENT);
  });
}

TEST_P(SpawnSearchTest, AScriptWhoseInterpreterIsMissingIsNotAMissingScript) {
  dir_.Write("a/prog", "#!/no/such/interpreter\n", 0755);
  NotExecutable("b");
  Program("c", 3);
  Run([&] {
    ExpectFailure(Search(Path({"a"})), SpawnStep::kInterpreter, ENOENT);
    ExpectFailure(Search(Path({"a", "d"})), SpawnStep::kInterpreter, ENOENT);
    ExpectFailure(Search(Path({"a", "b"})), SpawnStep::kExec, EACCES);
    ExpectExit(Search(Path({"a", "c"})), 3);
    ExpectFailure(Search(Path({"d"})), SpawnStep::kExec, ENOENT);
  });
}

TEST_P(SpawnSearchTest, AFileThatTheKernelCannotReadIsTold) {
  dir_.Write("a/prog", "exit 4\n", 0755);
  Program("c", 3);
  Run([&] {
    ExpectFailure(Search(Path({"a"})), SpawnStep::kExec, ENOEXEC);
    ExpectFailure(Search(Path({"a", "c"})), SpawnStep::kExec, ENOEXEC);
  });
}

TEST_P(SpawnSearchTest, AShellTakesItWhereThatIsWanted) {
  dir_.Write("a/prog", "echo \"$0|$1|$2|$#\" > out\nexit 4\n", 0755);
  Run([&] {
    model::ServiceSpec spec = Search(Path({"b", "a"}));
    spec.shell_fallback = true;
    spec.command = {"prog", "one", "t w o"};
    ExpectExit(spec, 4);
    EXPECT_EQ(ReadFile(dir_.Path("out")), dir_.Path("a/prog") + "|one|t w o|2\n");
    spec.command = {dir_.Path("a/prog")};
    ExpectExit(spec, 4);
  });
}

TEST_P(SpawnSearchTest, TellsOfCircularLinksAndOfTooManyArguments) {
  std::filesystem::create_symlink("loop", dir_.Path("loop"));
  Run([&] {
    ExpectFailure(Spec({dir_.Path("loop")}), SpawnStep::kExec, ELOOP);
    ExpectFailure(Spec({"true", std::string(4 << 20, 'x')}), SpawnStep::kExec, E2BIG);
  });
}

}  // namespace
}  // namespace reaperd::sys
