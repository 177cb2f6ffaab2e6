#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "sim/disk/sim_disk.h"

namespace reconcile {
namespace {

constexpr int kMaxPathBytes = 256;
// As SQLite's own VFS reports for a usual file system.
constexpr int kReportedSectorBytes = 4096;
// A moment of the simulated calendar, in SQLite's milliseconds since noon of 4714-11-24 BC.
constexpr sqlite3_int64 kJulianNowMs = 212'623'000'000'000;

struct OpenedFile {
  sqlite3_file base;  // first: SQLite knows no more
  SimDisk* disk;
  std::shared_ptr<SimFile> file;
  std::string path;
  bool delete_on_close;
  int lock_level;
  unsigned shared_slots;  // locks on the shared memory, a bit a slot
  unsigned exclusive_slots;
};
OpenedFile* Of(sqlite3_file* file) { return reinterpret_cast<OpenedFile*>(file); }

}  // namespace

struct SimDisk::Vfs {
  sqlite3_vfs vfs = {};
};

// The functions of a sqlite3_vfs and of its files, on a SimDisk.
class SimDiskVfs {
 public:
  static sqlite3_vfs Make(SimDisk* disk, const char* name);

 private:
  using Answer = SimDisk::Answer;
  using CallKind = SimDisk::CallKind;
  static SimDisk* DiskOf(sqlite3_vfs* vfs) { return static_cast<SimDisk*>(vfs->pAppData); }
  static const sqlite3_io_methods* Methods();

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_folder);
  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* result);
  static int FullPathname(sqlite3_vfs* vfs, const char* name, int size, char* out);
  static int Randomness(sqlite3_vfs* vfs, int size, char* out);
  static int Sleep(sqlite3_vfs* vfs, int microseconds);
  static int CurrentTime(sqlite3_vfs* vfs, double* days);
  static int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds);
  static int GetLastError(sqlite3_vfs* vfs, int size, char* out);

  static int Close(sqlite3_file* file);
  static int Read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset);
  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  static int Truncate(sqlite3_file* file, sqlite3_int64 size);
  static int Sync(sqlite3_file* file, int flags);
  static int FileSize(sqlite3_file* file, sqlite3_int64* size);
  static int Lock(sqlite3_file* file, int level);
  static int Unlock(sqlite3_file* file, int level);
  static int CheckReservedLock(sqlite3_file* file, int* result);
  static int FileControl(sqlite3_file* file, int operation, void* argument);
  static int SectorSize(sqlite3_file* file);
  static int DeviceCharacteristics(sqlite3_file* file);
  static int SharedMap(sqlite3_file* file, int region, int size, int extend, void volatile** out);
  static int SharedLock(sqlite3_file* file, int first, int count, int flags);
  static void SharedBarrier(sqlite3_file* file);
  static int SharedUnmap(sqlite3_file* file, int remove);
};

int SimDiskVfs::Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags,
                     int* out_flags) {
  SimDisk* disk = DiskOf(vfs);
  out->pMethods = nullptr;
  if (disk->BeginCall(CallKind::kOther) != Answer::kGo) return SQLITE_CANTOPEN;
  // A nameless file is a temporary one: it lives as long as it is open.
  auto file = name == nullptr ? std::make_shared<SimFile>()
                              : disk->OpenFile(name, (flags & SQLITE_OPEN_CREATE) != 0);
  if (file == nullptr) return SQLITE_CANTOPEN;
  new (out) OpenedFile{{Methods()},
                       disk,
                       std::move(file),
                       name == nullptr ? "" : name,
                       name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                       SQLITE_LOCK_NONE,
                       0,
                       0};
  ++disk->open_files_;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int SimDiskVfs::Close(sqlite3_file* file) {
  OpenedFile* opened = Of(file);
  Unlock(file, SQLITE_LOCK_NONE);
  SharedUnmap(file, 0);
  --opened->disk->open_files_;
  if (opened->delete_on_close) opened->disk->DeleteFile(opened->path, false);
  opened->~OpenedFile();
  return SQLITE_OK;
}

int SimDiskVfs::Delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  SimDisk* disk = DiskOf(vfs);
  if (disk->BeginCall(CallKind::kOther) != Answer::kGo) return SQLITE_IOERR_DELETE;
  if (!disk->Exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  const bool halts = disk->HaltsInThisChange();
  disk->DeleteFile(name, sync_folder != 0 && !halts);
  return halts ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

int SimDiskVfs::Access(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* result) {
  SimDisk* disk = DiskOf(vfs);
  if (disk->BeginCall(CallKind::kLook) != Answer::kGo) return SQLITE_IOERR_ACCESS;
  *result = disk->Exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int SimDiskVfs::FullPathname(sqlite3_vfs* /*vfs*/, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

int SimDiskVfs::Randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(DiskOf(vfs)->random_.Next());
  return size;
}

int SimDiskVfs::Sleep(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }

int SimDiskVfs::CurrentTime(sqlite3_vfs* /*vfs*/, double* days) {
  constexpr double kMsPerDay = 86'400'000.0;
  *days = static_cast<double>(kJulianNowMs) / kMsPerDay;
  return SQLITE_OK;
}

int SimDiskVfs::CurrentTimeInt64(sqlite3_vfs* /*vfs*/, sqlite3_int64* milliseconds) {
  *milliseconds = kJulianNowMs;
  return SQLITE_OK;
}

int SimDiskVfs::GetLastError(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) { return 0; }

int SimDiskVfs::Read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  OpenedFile* opened = Of(file);
  if (opened->disk->BeginCall(CallKind::kLook) != Answer::kGo) return SQLITE_IOERR_READ;
  const std::string& content = opened->file->seen();
  const size_t start = std::min(content.size(), static_cast<size_t>(offset));
  const size_t there = std::min(content.size() - start, static_cast<size_t>(size));
  std::memcpy(out, content.data() + start, there);
  std::memset(static_cast<char*>(out) + there, 0, static_cast<size_t>(size) - there);
  return there == static_cast<size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int SimDiskVfs::Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  OpenedFile* opened = Of(file);
  SimDisk* disk = opened->disk;
  const Answer answer = disk->BeginCall(CallKind::kWrite);
  if (answer == Answer::kHalted) return SQLITE_IOERR_WRITE;
  std::string_view text(static_cast<const char*>(bytes), static_cast<size_t>(size));
  const bool halts = disk->HaltsInThisChange();
  if (answer != Answer::kGo) text = text.substr(0, disk->random_.Below(text.size() + 1));
  if (!text.empty()) opened->file->Write(static_cast<uint64_t>(offset), text);
  if (answer == Answer::kFull) return SQLITE_FULL;
  return answer == Answer::kGo && !halts ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int SimDiskVfs::Truncate(sqlite3_file* file, sqlite3_int64 size) {
  OpenedFile* opened = Of(file);
  if (opened->disk->BeginCall(CallKind::kOther) != Answer::kGo) return SQLITE_IOERR_TRUNCATE;
  opened->file->Truncate(static_cast<uint64_t>(size));
  return opened->disk->HaltsInThisChange() ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int SimDiskVfs::Sync(sqlite3_file* file, int /*flags*/) {
  OpenedFile* opened = Of(file);
  const Answer answer = opened->disk->BeginCall(CallKind::kSync);
  if (answer == Answer::kHalted) return SQLITE_IOERR_FSYNC;
  if (opened->disk->HaltsInThisChange()) return SQLITE_IOERR_FSYNC;
  if (answer != Answer::kGo) {
    opened->file->FailSync(&opened->disk->random_);
    return SQLITE_IOERR_FSYNC;
  }
  opened->disk->SyncFile(opened->file);
  return SQLITE_OK;
}

int SimDiskVfs::FileSize(sqlite3_file* file, sqlite3_int64* size) {
  OpenedFile* opened = Of(file);
  if (opened->disk->BeginCall(CallKind::kLook) != Answer::kGo) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(opened->file->seen().size());
  return SQLITE_OK;
}

// SQLite's rules: any number of SHARED; one RESERVED or PENDING beside them; EXCLUSIVE alone.
int SimDiskVfs::Lock(sqlite3_file* file, int level) {
  OpenedFile* opened = Of(file);
  if (level <= opened->lock_level) return SQLITE_OK;
  SimLocks& locks = opened->file->locks;
  const int others_shared = locks.shared - (opened->lock_level >= SQLITE_LOCK_SHARED ? 1 : 0);
  const bool others_write = locks.writer != nullptr && locks.writer != opened;
  if (level == SQLITE_LOCK_SHARED && locks.exclusive) return SQLITE_BUSY;
  if (level > SQLITE_LOCK_SHARED && others_write) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && others_shared > 0) return SQLITE_BUSY;
  if (opened->lock_level == SQLITE_LOCK_NONE) ++locks.shared;
  if (level > SQLITE_LOCK_SHARED) locks.writer = opened;
  if (level == SQLITE_LOCK_EXCLUSIVE) locks.exclusive = true;
  opened->lock_level = level;
  return SQLITE_OK;
}

int SimDiskVfs::Unlock(sqlite3_file* file, int level) {
  OpenedFile* opened = Of(file);
  if (level >= opened->lock_level) return SQLITE_OK;
  SimLocks& locks = opened->file->locks;
  if (locks.writer == opened) {
    locks.writer = nullptr;
    locks.exclusive = false;
  }
  if (level == SQLITE_LOCK_NONE) --locks.shared;
  opened->lock_level = level;
  return SQLITE_OK;
}

int SimDiskVfs::CheckReservedLock(sqlite3_file* file, int* result) {
  *result = Of(file)->file->locks.writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int SimDiskVfs::FileControl(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}

int SimDiskVfs::SectorSize(sqlite3_file* /*file*/) { return kReportedSectorBytes; }

int SimDiskVfs::DeviceCharacteristics(sqlite3_file* /*file*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int SimDiskVfs::SharedMap(sqlite3_file* file, int region, int size, int extend,
                          void volatile** out) {
  auto& regions = Of(file)->file->shared_regions;
  *out = nullptr;
  while (extend != 0 && regions.size() <= static_cast<size_t>(region)) {
    regions.push_back(std::make_unique<std::string>(static_cast<size_t>(size), '\0'));
  }
  if (static_cast<size_t>(region) < regions.size()) {
    *out = regions[static_cast<size_t>(region)]->data();
  }
  return SQLITE_OK;
}

int SimDiskVfs::SharedLock(sqlite3_file* file, int first, int count, int flags) {
  OpenedFile* opened = Of(file);
  SimLocks& locks = opened->file->locks;
  for (int slot = first; slot < first + count; ++slot) {
    const unsigned bit = 1U << slot;
    int& holders = locks.slot_holders[static_cast<size_t>(slot)];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) continue;
    const int own = (opened->shared_slots & bit) != 0 ? 1 : 0;
    if ((flags & SQLITE_SHM_SHARED) != 0 && holders < 0) return SQLITE_BUSY;
    if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && holders - own != 0) return SQLITE_BUSY;
  }
  for (int slot = first; slot < first + count; ++slot) {
    const unsigned bit = 1U << slot;
    int& holders = locks.slot_holders[static_cast<size_t>(slot)];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      if ((opened->exclusive_slots & bit) != 0) holders = 0;
      if ((opened->shared_slots & bit) != 0) --holders;
      opened->exclusive_slots &= ~bit;
      opened->shared_slots &= ~bit;
    } else if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
      holders = -1;
      opened->exclusive_slots |= bit;
    } else if ((opened->shared_slots & bit) == 0) {
      ++holders;
      opened->shared_slots |= bit;
    }
  }
  return SQLITE_OK;
}

void SimDiskVfs::SharedBarrier(sqlite3_file* /*file*/) {}  // one thread

int SimDiskVfs::SharedUnmap(sqlite3_file* file, int remove) {
  SharedLock(file, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
  if (remove != 0) Of(file)->file->shared_regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods* SimDiskVfs::Methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods made = {};
    made.iVersion = 2;  // with shared memory
    made.xClose = &Close;
    made.xRead = &Read;
    made.xWrite = &Write;
    made.xTruncate = &Truncate;
    made.xSync = &Sync;
    made.xFileSize = &FileSize;
    made.xLock = &Lock;
    made.xUnlock = &Unlock;
    made.xCheckReservedLock = &CheckReservedLock;
    made.xFileControl = &FileControl;
    made.xSectorSize = &SectorSize;
    made.xDeviceCharacteristics = &DeviceCharacteristics;
    made.xShmMap = &SharedMap;
    made.xShmLock = &SharedLock;
    made.xShmBarrier = &SharedBarrier;
    made.xShmUnmap = &SharedUnmap;
    return made;
  }();
  return &methods;
}

sqlite3_vfs SimDiskVfs::Make(SimDisk* disk, const char* name) {
  sqlite3_vfs vfs = {};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenedFile);
  vfs.mxPathname = kMaxPathBytes;
  vfs.zName = name;
  vfs.pAppData = disk;
  vfs.xOpen = &Open;
  vfs.xDelete = &Delete;
  vfs.xAccess = &Access;
  vfs.xFullPathname = &FullPathname;
  vfs.xRandomness = &Randomness;
  vfs.xSleep = &Sleep;
  vfs.xCurrentTime = &CurrentTime;
  vfs.xCurrentTimeInt64 = &CurrentTimeInt64;
  vfs.xGetLastError = &GetLastError;
  return vfs;
}

SimDisk::SimDisk(std::string vfs_name, uint64_t seed)
    : vfs_name_(std::move(vfs_name)), random_(seed), vfs_(std::make_unique<Vfs>()) {
  vfs_->vfs = SimDiskVfs::Make(this, vfs_name_.c_str());
  CHECK(sqlite3_vfs_register(&vfs_->vfs, 0) == SQLITE_OK);
  // SQLite draws the salts of its log from a generator of the whole process.
  const int process_seed = static_cast<int>(seed & 0x7fffffff) | 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, process_seed, nullptr);
}

SimDisk::~SimDisk() {
  CHECK(open_files_ == 0);
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 0, nullptr);
  sqlite3_vfs_unregister(&vfs_->vfs);
}

}  // namespace reconcile
