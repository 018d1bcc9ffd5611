// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "controller/commands.h"
#include "drivers/archive_file.h"
#include "drivers/pack.h"
#include "model/names.h"
#include "model/packages.h"

namespace arcform {

ExitStatus run_pack(const Options& options, Console& console) {
  const Result<Packed> packed = pack(options.folder, options.output);
  if (!packed) {
    console.err("arcform: " + packed.error().message + "\n");
    return packed.error().code == ErrorCode::invalid_argument ? ExitStatus::invalid
                                                              : ExitStatus::error;
  }
  const Result<ArchiveFile> file = inspect_archive(options.output);
  if (!file) {
    console.err("arcform: " + file.error().message + "\n");
    return ExitStatus::error;
  }
  const std::string name = printable(options.output, 1024);
  console.out(fmt::format("{}: {} files, {} folders, {} links; {} ({} unpacked)\nsha256 {}\n\n",
                          name, packed->files, packed->folders, packed->links,
                          megabytes(file->size), megabytes(packed->bytes), file->sha256));
  console.out(
      fmt::format("In the spec:\n\n  \"packages\": {{\n    \"arcus\": {{\n"
                  "      \"archive\": \"{}\",\n      \"sha256\": \"{}\"\n    }}\n  }}\n",
                  name, file->sha256));
  return ExitStatus::done;
}

}  // namespace arcform
