#include "model/signal_names.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace reaperd::model {
namespace {

TEST(SignalNames, EveryNumberOfLinuxGoesBothWays) {
  for (int signal = 1; signal < kSignalLimit; ++signal) {
    EXPECT_EQ(ParseSignal(std::to_string(signal)), signal);
    const std::string name = SignalName(signal);
    if (signal == 32 || signal == 33) {
      EXPECT_EQ(name, "signal " + std::to_string(signal)) << "the C library keeps them to itself";
      continue;
    }
    ASSERT_TRUE(name.starts_with("SIG")) << signal;
    EXPECT_EQ(ParseSignal(name), signal) << name;
    EXPECT_EQ(ParseSignal(name.substr(3)), signal) << name;
  }
}

TEST(SignalNames, AgreesWithTheCLibrary) {
  for (int signal = 1; signal < 32; ++signal) {
    const char* abbreviation = sigabbrev_np(signal);
    ASSERT_NE(abbreviation, nullptr) << signal;
    const std::string theirs = abbreviation;
    EXPECT_EQ(ParseSignal(theirs), signal) << theirs;
    EXPECT_EQ(SignalName(signal), signal == SIGIO ? "SIGIO" : "SIG" + theirs);  // theirs is POLL
  }
}

TEST(SignalNames, RealTimeSignalsCountFromTheLibrarysFirst) {
  EXPECT_EQ(SignalName(SIGRTMIN), "SIGRTMIN");
  EXPECT_EQ(SignalName(SIGRTMIN + 3), "SIGRTMIN+3");
  EXPECT_EQ(SignalName(SIGRTMAX - 1), "SIGRTMIN+29");
  EXPECT_EQ(SignalName(SIGRTMAX), "SIGRTMAX");
  EXPECT_EQ(ParseSignal("RTMIN+3"), 37);
  EXPECT_EQ(ParseSignal("SIGRTMIN+0"), SIGRTMIN);
  EXPECT_EQ(ParseSignal("RTMIN+30"), SIGRTMAX);
  EXPECT_EQ(ParseSignal("RTMAX-0"), SIGRTMAX);
  EXPECT_EQ(ParseSignal("SIGRTMAX-30"), SIGRTMIN);
  EXPECT_EQ(ParseSignal("RTMAX-14"), 50);
}

TEST(SignalNames, UnderstandsOldNames) {
  EXPECT_EQ(ParseSignal("IOT"), SIGABRT);
  EXPECT_EQ(ParseSignal("SIGPOLL"), SIGIO);
  EXPECT_EQ(ParseSignal("CLD"), SIGCHLD);
  EXPECT_EQ(SignalName(SIGABRT), "SIGABRT");
  EXPECT_EQ(SignalName(SIGCHLD), "SIGCHLD");
}

TEST(SignalNames, RefusesAnythingElse) {
  for (const char* text :
       {"",        "SIG",    "0",         "65",       "-1",         "+15",
        "015x",    "term",   "sigterm",   "Term",     "SIGSIGTERM", "SIG15",
        " TERM",   "TERM ",  "TERMINATE", "RTMIN+31", "RTMAX-31",   "RTMIN-1",
        "RTMAX+1", "RTMIN+", "RTMIN3",    "RTMIN+ 3", "RTMIN++3",   "RTMIN+99999999999999999999",
        "EXIT",    "none"}) {
    EXPECT_EQ(ParseSignal(text), std::nullopt) << text;
  }
}

TEST(SignalNames, HasATextForNumbersThatAreNone) {
  EXPECT_EQ(SignalName(0), "signal 0");
  EXPECT_EQ(SignalName(65), "signal 65");
  EXPECT_EQ(SignalName(-1), "signal -1");
}

}  // namespace
}  // namespace reaperd::model
