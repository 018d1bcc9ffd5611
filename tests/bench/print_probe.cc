// SPDX-License-Identifier: Apache-2.0
// print_probe FOLDER DATA PREFIX...: the script that looks at a host, as a shell is given it.
// FOLDER: ours on the host; DATA: a ZooKeeper server's data directory, or "".
#include <cstdio>

#include "drivers/probe.h"
#include "drivers/script.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: print_probe FOLDER DATA PREFIX...\n", stderr);
    return 2;
  }
  arcform::ProbeRequest request;
  request.data_directory = argv[2];
  request.prefixes.assign(argv + 3, argv + argc);
  const std::string body = arcform::probe_script(request, argv[1]);
  std::fputs(arcform::frame_script(body, "0123456789abcdef").c_str(), stdout);
  return 0;
}
