#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// What an agent remembers of its joining, in DATA/joined.json: with it `reconcile agent` needs no
// flags any more. Its key and certificates are beside it (DATA/link).
struct Joined {
  std::string controller;  // HOST:PORT
  std::string node;
};

// NotFound when this host never joined; Invalid when the file is none of ours.
Result<Joined> ReadJoined(const std::string& data_folder);
// Durable and whole, or not at all.
Status WriteJoined(const std::string& data_folder, const Joined& joined);
void ForgetJoined(const std::string& data_folder);

}  // namespace reconcile
