// The roles of the test helper program: each function is one small process that behaves in one
// way which a supervisor must survive. Owned by main.cpp's table, which gives each its name.
// A role returns the exit status of its process; most end in another way or never.
#pragma once

namespace reaperd::roles {

class Arguments;

// A role by name, for roles that run another one in the same process (`beside`).
int RunRole(char** words);

// orphans.cpp
int Orphans(Arguments& arguments);
int LiveOrphans(Arguments& arguments);
int DieTogether(Arguments& arguments);

// storms.cpp
int Storm(Arguments& arguments);
int ExecStorm(Arguments& arguments);
int Negligent(Arguments& arguments);
int SteadyForks(Arguments& arguments);

// families.cpp
int Family(Arguments& arguments);
int Beside(Arguments& arguments);

// crew.cpp
int Crew(Arguments& arguments);

// echo.cpp
int Echo(Arguments& arguments);

// endings.cpp
int Exit(Arguments& arguments);
int KillSelf(Arguments& arguments);
int LeaderExit(Arguments& arguments);
int Wait(Arguments& arguments);

// memory.cpp
int EatMemory(Arguments& arguments);

// report.cpp
int Report(Arguments& arguments);
int CheckArguments(Arguments& arguments);

// tracer.cpp
int Tracer(Arguments& arguments);

// refuse.cpp
int Refuse(Arguments& arguments);

// wrappers.cpp
int Limit(Arguments& arguments);
int AsUser(Arguments& arguments);
int WithSignals(Arguments& arguments);
int CloseDescriptors(Arguments& arguments);
int EnterCgroup(Arguments& arguments);
int WithName(Arguments& arguments);

}  // namespace reaperd::roles
