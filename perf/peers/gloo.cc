// The benchmark of io.kolo.perf.CollectiveBenchmark for gloo over TCP on loopback: the same buffers, the same order of
// steps, the same figures.
// Usage: gloo RANKS MIN_BYTES MAX_BYTES FACTOR ALGORITHM; prints bytes,operations,min_us,median_us,p99_us for each size.
// ALGORITHM is ring or bcube (gloo::allreduce) or old-halving-doubling, old-ring, old-ring-chunked or old-bcube (gloo's
// classes). A class's name may end in +poll: the calling thread then polls its sockets. That is for small buffers only, as
// ranks that send each other more than the sockets hold wait for ever.
#include <gloo/allreduce.h>
#include <gloo/allreduce_bcube.h>
#include <gloo/allreduce_halving_doubling.h>
#include <gloo/allreduce_ring.h>
#include <gloo/allreduce_ring_chunked.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>

using Context = std::shared_ptr<gloo::Context>;
using Operation = std::function<void()>;

static const long MAX_OPERATIONS = 10000, PERIOD = 1024;

// What the ranks share besides gloo, lest the benchmark's own messages change the sizes that gloo gives its sockets.
struct Shared {
    std::atomic<long> arrived;
    double slowest_us[MAX_OPERATIONS];
};

static void barrier(Shared *shared, int size) {
    long all = (shared->arrived.fetch_add(1) / size + 1) * size;
    while (shared->arrived.load() < all) sched_yield();
}

template <template <typename> class Algorithm>
static Operation old(const Context &context, float *buffer, size_t count) {
    auto algorithm = std::make_shared<Algorithm<float>>(context, std::vector<float *>{buffer}, static_cast<int>(count));
    return [algorithm] { algorithm->run(); };
}

static Operation allreduce(const std::string &name, const Context &context, float *buffer, size_t count) {
    if (name == "old-halving-doubling") return old<gloo::AllreduceHalvingDoubling>(context, buffer, count);
    if (name == "old-ring") return old<gloo::AllreduceRing>(context, buffer, count);
    if (name == "old-ring-chunked") return old<gloo::AllreduceRingChunked>(context, buffer, count);
    if (name == "old-bcube") return old<gloo::AllreduceBcube>(context, buffer, count);
    if (name != "ring" && name != "bcube") throw std::invalid_argument("no algorithm is called " + name);
    using Algorithm = gloo::AllreduceOptions::Algorithm;
    auto options = std::make_shared<gloo::AllreduceOptions>(context);
    options->setAlgorithm(name == "ring" ? Algorithm::RING : Algorithm::BCUBE);
    options->setOutput(buffer, count);
    options->setReduceFunction(static_cast<void (*)(void *, const void *, const void *, size_t)>(&gloo::sum<float>));
    return [options] { gloo::allreduce(*options); };
}

static void rewrite(float *buffer, const float *pattern, long bytes) {
    for (long at = 0, all = PERIOD * sizeof(float); at < bytes; at += all) {
        memcpy(reinterpret_cast<char *>(buffer) + at, pattern, std::min(all, bytes - at));
    }
}

static void measure(const Operation &allreduce, Shared *shared, int size, float *buffer, const float *pattern, long bytes,
                    std::vector<double> &times_us) {
    for (double &time_us : times_us) {
        rewrite(buffer, pattern, bytes);
        barrier(shared, size);
        auto start = std::chrono::steady_clock::now();
        allreduce();
        time_us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    }
}

static void run(int rank, int size, const std::string &store, Shared *shared, long min, long max, long factor,
                const std::string &name) {
    auto context = std::make_shared<gloo::rendezvous::Context>(rank, size);
    auto device = gloo::transport::tcp::CreateDevice("127.0.0.1");
    gloo::rendezvous::FileStore files(store);
    context->connectFullMesh(files, device);
    size_t suffix = name.find("+poll");
    for (int peer = 0; peer < size && suffix != std::string::npos; peer++) {
        if (peer != rank) context->getPair(peer)->setSync(true, true);
    }
    float *buffer = static_cast<float *>(aligned_alloc(64, max)), pattern[PERIOD];
    for (long i = 0; i < PERIOD; i++) pattern[i] = (float) (i * (rank + 1));
    for (long bytes = min; bytes <= max; bytes *= factor) {
        long count = bytes / sizeof(float), operations = std::clamp((8L << 30) / bytes, 20L, MAX_OPERATIONS), wrong = 0;
        std::vector<double> warm_up(operations / 10 + 2), times_us(operations);
        Operation operation = allreduce(name.substr(0, suffix), context, buffer, count);
        measure(operation, shared, size, buffer, pattern, bytes, warm_up);
        measure(operation, shared, size, buffer, pattern, bytes, times_us);
        for (long i = 0; i < count; i++) wrong += buffer[i] != (float) (i % PERIOD) * (size * (size + 1) / 2);
        if (wrong > 0) throw std::runtime_error(std::to_string(wrong) + " wrong of bytes " + std::to_string(bytes));
        double *slowest_us = shared->slowest_us;
        for (int turn = 0; turn < size; turn++, barrier(shared, size)) {
            for (long i = 0; i < operations && turn == rank; i++) {
                slowest_us[i] = turn == 0 ? times_us[i] : std::max(slowest_us[i], times_us[i]);
            }
        }
        if (rank > 0) continue;
        std::sort(slowest_us, slowest_us + operations);
        printf("%ld,%ld,%.3f,%.3f,%.3f\n", bytes, operations, slowest_us[0], slowest_us[operations / 2],
               slowest_us[operations * 99 / 100]);
        fflush(stdout);
    }
    barrier(shared, size);
}

int main(int argc, char **argv) {
    if (argc != 6) return fprintf(stderr, "usage: gloo RANKS MIN_BYTES MAX_BYTES FACTOR ALGORITHM\n"), 2;
    std::string store = std::filesystem::temp_directory_path() / "gloo-XXXXXX";
    void *memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mkdtemp(store.data()) == nullptr || memory == MAP_FAILED) return perror("gloo"), 1;
    int size = atoi(argv[1]), rank = 0, status = 0;
    while (rank < size && fork() != 0) rank++;
    if (rank < size) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(rank, size, store, static_cast<Shared *>(memory), atol(argv[2]), atol(argv[3]), atol(argv[4]), argv[5]);
        return 0;
    }
    while (status == 0 && wait(&status) > 0) continue;
    std::filesystem::remove_all(store);
    return status != 0;
}
