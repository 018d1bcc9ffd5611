// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "model/result.h"

namespace arcform {

/// A fresh folder that goes with the test.
class Scratch {
 public:
  Scratch() {
    static int count = 0;
    path_ = std::string(ARCFORM_SCRATCH) + "/" + std::to_string(::getpid()) + "-" +
            std::to_string(++count);
    std::filesystem::create_directories(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }

  std::string at(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text, bool runs = false) const {
    namespace fs = std::filesystem;
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
    if (runs) {
      fs::permissions(at(name), fs::perms::owner_exec, fs::perm_options::add);
    }
  }

 private:
  std::string path_;
};

template <class T>
Error failure(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().message);
  return result.error();
}

inline bool says(const Error& error, const std::string& text) {
  INFO(error.message);
  CHECK(error.message.find(text) != std::string::npos);
  return error.message.find(text) != std::string::npos;
}

}  // namespace arcform
