// The hidden subcommands alone, so that these tests need not build the whole program.
#include <cstring>

#include "source/git_source.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "git-fetch") == 0) return reconcile::GitFetchMain();
  if (argc < 2 || std::strcmp(argv[1], "git-read") != 0) return 2;
  return reconcile::GitReadMain();
}
