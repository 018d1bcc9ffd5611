// SPDX-License-Identifier: Apache-2.0
// hook_receiver ADDRESS PORT FILE: appends what is posted to it to FILE, head and body, until it is
// killed. It answers with the status that stands in FILE.status ("503"), 204 without that file;
// "silent": with nothing.
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/support/hook_receiver.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: hook_receiver ADDRESS PORT FILE\n";
    return 2;
  }
  const std::string path = argv[3];
  asio::io_context loop;
  const arcform::HookReceiver receiver(
      loop, argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])),
      [&path](const arcform::ReceivedPost& post) {
        std::ofstream(path, std::ios::app) << post.head << post.body << std::flush;
        std::string status = "204";
        std::ifstream(path + ".status") >> status;
        if (status == "silent") {
          return arcform::HookReceiver::Answer{"", true};
        }
        return arcform::HookReceiver::Answer{
            "HTTP/1.1 " + status + " Said\r\nContent-Length: 0\r\n\r\n", false};
      });
  std::cout << "listens" << std::endl;
  loop.run();
}
