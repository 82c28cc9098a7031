// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.kernels;

import static io.github.depthc.backend.kernels.Size.CACHED;
import static io.github.depthc.backend.kernels.Size.ELEMENTS;
import static io.github.depthc.backend.kernels.Size.HEADS;
import static io.github.depthc.backend.kernels.Size.HEAD_DIM;
import static io.github.depthc.backend.kernels.Size.KEPT;
import static io.github.depthc.backend.kernels.Size.KV_HEADS;
import static io.github.depthc.backend.kernels.Size.OBSERVERS;
import static io.github.depthc.backend.kernels.Size.ROWS;
import static io.github.depthc.backend.kernels.Size.ROW_BYTES;
import static io.github.depthc.backend.kernels.Size.SPLITS;
import static io.github.depthc.backend.kernels.Size.TOKENS;
import static io.github.depthc.backend.kernels.Size.WIDTH;
import static io.github.depthc.backend.kernels.Size.WRITTEN;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToLongBiFunction;

/**
 * The kernels: each with its source file, its parameters, its launch and the bytes that it cannot do without. What a kernel computes stands
 * in its source, above it; {@link io.github.depthc.backend.kernels.host} computes the same in Java.
 */
public enum Kernel {
    /** x · w + b of each token. */
    SCORE_LINEAR("score.cu", "const Row* x, int n, int d, const float* w, const float* bias, float* score",
            s -> Launch.warps(s.get(TOKENS), 256), (p, s) -> rows(p, s, TOKENS) + 4 * s.get(WIDTH) + 4 * s.get(TOKENS)),
    /** softmax(w · x)[1] of each token. */
    SCORE_SOFTMAX2("score.cu", "const Row* x, int n, int d, const float* w, float* score",
            s -> Launch.warps(s.get(TOKENS), 256), (p, s) -> rows(p, s, TOKENS) + 8 * s.get(WIDTH) + 4 * s.get(TOKENS)),
    /** The gate of each token. */
    GATE("gate.cu", "int kind, float alpha, float beta, const float* score, const u8* candidates, const int* row_offsets, int rows, float* gate",
            Kernel::blockPerRow, (p, s) -> 9 * s.get(TOKENS)),
    /** Selection of the largest keys, the most recent tokens among them. */
    SELECT_TOP_K("select.cu", "const int* row_offsets, int rows, const u8* candidates, const float* key, float ratio, int recent, u8* mask, int* row_kept",
            Kernel::blockPerRow, (p, s) -> 6 * s.get(TOKENS)),
    /** Selection by a hash of the sequence index. */
    SELECT_RANDOM("select.cu", "const int* row_offsets, int rows, const u8* candidates, const int* sequence_index, long long a0, long long b0, "
            + "long long a1, long long b1, float ratio, u8* mask, int* row_kept", Kernel::blockPerRow, (p, s) -> 6 * s.get(TOKENS)),
    /** Selection of scores above a threshold. */
    SELECT_THRESHOLD("select.cu", "const int* row_offsets, int rows, const u8* candidates, const float* score, float prompt, float single, u8* mask, int* row_kept",
            Kernel::blockPerRow, (p, s) -> 6 * s.get(TOKENS)),
    /** Evenly spaced selection. */
    SELECT_EVENLY("select.cu", "const int* row_offsets, int rows, const u8* candidates, float ratio, u8* mask, int* row_kept",
            Kernel::blockPerRow, (p, s) -> 2 * s.get(TOKENS)),
    /** Selection of the last candidates. */
    SELECT_MOST_RECENT("select.cu", "const int* row_offsets, int rows, const u8* candidates, float ratio, u8* mask, int* row_kept",
            Kernel::blockPerRow, (p, s) -> 2 * s.get(TOKENS)),
    /** Indices of the kept tokens. */
    COMPACT("gather.cu", "const int* row_offsets, int rows, const u8* mask, const int* row_kept, int* indices, int* kept_offsets, int* inverse",
            Kernel::blockPerRow, (p, s) -> 5 * s.get(TOKENS) + 4 * s.get(KEPT)),
    /** Rows by index, of any element type. */
    GATHER("gather.cu", "const u8* src, const int* indices, int k, int row_bytes, u8* dst",
            s -> Launch.warps(s.get(KEPT), 256), (p, s) -> 2 * s.get(KEPT) * s.get(ROW_BYTES) + 4 * s.get(KEPT)),
    /** Rows by index and their RMSNorm. */
    GATHER_NORM("gather.cu", "const Row* x, const int* indices, int k, int d, const float* weight, float epsilon, int unit_offset, Row* kept, Row* normed",
            s -> Launch.warps(s.get(KEPT), 256), (p, s) -> 3 * rows(p, s, KEPT) + 4 * s.get(KEPT) + 4 * s.get(WIDTH)),
    /** Rows by index of a table in integers. */
    GATHER_NBITS("gather.cu", "const u8* codes, const Row* scales, const int* indices, int k, int d, int bits, int block, Row* dst",
            s -> Launch.warps(s.get(KEPT), 256), (p, s) -> rows(p, s, KEPT) + s.get(KEPT) * s.get(ROW_BYTES) + 4 * s.get(KEPT)),
    /** Kept tokens put back among the skipped ones. */
    COMBINE("combine.cu", "const Row* x, int n, int d, const int* inverse, const Row* y, const float* skip_gate, Row* out",
            s -> Launch.warps(s.get(TOKENS), 256), (p, s) -> 2 * rows(p, s, WRITTEN) + 4 * s.get(TOKENS)),
    /** The same and the next layer's score. */
    COMBINE_SCORE("combine.cu", "const Row* x, int n, int d, const int* inverse, const Row* y, const float* skip_gate, Row* out, "
            + "const float* w, const float* bias, float* score", s -> Launch.warps(s.get(TOKENS), 256),
            (p, s) -> rows(p, s, TOKENS) + rows(p, s, WRITTEN) + 8 * s.get(TOKENS) + 4 * s.get(WIDTH)),
    /** A new token of each row to the end of its cache. */
    APPEND("cache.cu", "const Row* k, const Row* v, int rows, int w, Row* const* k_caches, Row* const* v_caches, int* const* index_caches, "
            + "const int* sequence_index, int* lengths, const u8* keep", s -> Launch.blocks(s.get(ROWS), 128), (p, s) -> 4 * rows(p, s, ROWS)),
    /** Decode attention over the caches, in splits. */
    ATTEND("cache.cu", "const Row* q, int rows, int heads, int kv_heads, int head_dim, float scale, float softcap, int window, Row* const* k_caches, "
            + "Row* const* v_caches, int* const* index_caches, const int* sequence_index, const int* lengths, int splits, float* partial",
            s -> Launch.grid(s.get(SPLITS), s.get(KV_HEADS) * Launch.ceil(s.get(HEADS) / s.get(KV_HEADS), 4), s.get(ROWS), 128),
            (p, s) -> 2 * s.get(CACHED) * s.get(KV_HEADS) * s.get(HEAD_DIM) * p.bytes()),
    /** The splits added up. */
    ATTEND_MERGE("cache.cu", "const float* partial, int rows, int heads, int head_dim, int splits, Row* out",
            s -> Launch.blocks(s.get(ROWS) * s.get(HEADS), 128),
            (p, s) -> attendScratch(s) + s.get(ROWS) * s.get(HEADS) * s.get(HEAD_DIM) * p.bytes()),
    /** Scores of observers and keys. */
    RECEIVED_SCORES("received.cu", "const Row* q, const Row* k, int n, const int* row_offsets, int rows, int heads, int kv_heads, int head_dim, "
            + "float scale, float softcap, int observers, int causal, float* scores",
            s -> Launch.grid(Launch.ceil(s.get(TOKENS), 64), s.get(HEADS), s.get(ROWS), 256),
            (p, s) -> s.get(TOKENS) * s.get(KV_HEADS) * s.get(HEAD_DIM) * p.bytes() + receivedScratch(s)),
    /** Their softmax, in place. */
    RECEIVED_SOFTMAX("received.cu", "float* scores, int n, const int* row_offsets, int rows, int observers",
            s -> Launch.grid(s.get(OBSERVERS), s.get(HEADS), s.get(ROWS), 256), (p, s) -> 2 * receivedScratch(s)),
    /** What each token receives. */
    RECEIVED_SUM("received.cu", "const float* probs, int n, const int* row_offsets, int rows, int heads, int observers, float* score",
            s -> Launch.grid(Launch.ceil(s.get(TOKENS), 256), 1, s.get(ROWS), 256), (p, s) -> receivedScratch(s) + 4 * s.get(TOKENS)),
    /** Cosines and sines of positions. */
    ROTARY_TABLE("positions.cu", "const int* positions, int n, const float* inverse, const float* long_inverse, long long long_from, "
            + "int angles, float factor, float* cos, float* sin", Kernel::perElement, (p, s) -> 8 * s.get(ELEMENTS)),
    /** Where all tokens were computed, the place of the kept ones: their own. */
    KEEP_IN_PLACE("positions.cu", "const u8* mask, int n, int* inverse", Kernel::perElement, (p, s) -> 5 * s.get(ELEMENTS)),
    /** Rows of FP32. */
    NARROW("convert.cu", "const float* from, long long n, Row* to", Kernel::perElement, (p, s) -> (p.bytes() + 4) * s.get(ELEMENTS));

    private static final int MAX_ELEMENT_BLOCKS = 4096;
    private static final int ATTEND_BLOCKS_PER_PROCESSOR = 2;
    private static final int MOST_ATTEND_SPLITS = 64;

    private final String source;
    private final String declaration;
    private final List<Parameter> parameters;
    private final Function<Sizes, Launch> launch;
    private final ToLongBiFunction<Precision, Sizes> byteFloor;

    Kernel(String source, String declaration, Function<Sizes, Launch> launch, ToLongBiFunction<Precision, Sizes> byteFloor) {
        this.source = source;
        this.declaration = declaration;
        this.parameters = Parameter.parse(declaration);
        this.launch = launch;
        this.byteFloor = byteFloor;
    }

    /** Its symbol: {@code select_top_k}. */
    public String symbol() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** A symbol that compiled kernels have beside these, named for the parameters of all: those of another version of this program do not have it. */
    public static String version() {
        return "kernels_" + Integer.toHexString(Arrays.stream(values()).map(k -> k.symbol() + "(" + k.declaration + ")").toList().hashCode());
    }

    /** The file that it stands in. */
    public String source() {
        return source;
    }

    /** Its parameters, in order. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** The parameters as the source declares them. */
    String declaration() {
        return declaration;
    }

    /**
     * Its launch. Any grid computes the same, but {@link #ATTEND} and the {@code RECEIVED} kernels need y and z as they are.
     *
     * @throws IllegalArgumentException if a size that it depends on is not given
     */
    public Launch launch(Sizes sizes) {
        return launch.apply(sizes);
    }

    /**
     * Bytes that must be read from and written to the device's memory at least.
     *
     * @throws IllegalArgumentException if a size that it depends on is not given
     */
    public long byteFloor(Precision precision, Sizes sizes) {
        return byteFloor.applyAsLong(precision, sizes);
    }

    /** Bytes of {@link #ATTEND}'s partial results; from ROWS, HEADS, SPLITS and HEAD_DIM. */
    public static long attendScratch(Sizes s) {
        return 4 * s.get(ROWS) * s.get(HEADS) * s.get(SPLITS) * (s.get(HEAD_DIM) + 2);
    }

    /**
     * Into how many parts to split {@link #ATTEND}: at most two blocks for each multiprocessor. How long the caches are plays no part: a launch
     * that was recorded is run again with longer ones.
     *
     * @param sizes           ROWS, HEADS, KV_HEADS
     * @param multiprocessors of the GPU
     */
    public static int attendSplits(Sizes sizes, int multiprocessors) {
        Launch whole = ATTEND.launch(sizes.with(SPLITS, 1));
        return Math.clamp(ATTEND_BLOCKS_PER_PROCESSOR * (long) multiprocessors / ((long) whole.gridY() * whole.gridZ()), 1, MOST_ATTEND_SPLITS);
    }

    /** Bytes of the scratch between the {@code RECEIVED} kernels; from HEADS, OBSERVERS and TOKENS. */
    public static long receivedScratch(Sizes s) {
        return 4 * s.get(HEADS) * s.get(OBSERVERS) * s.get(TOKENS);
    }

    private static Launch blockPerRow(Sizes s) {
        return Launch.blocks(s.get(ROWS), 1024);
    }

    private static Launch perElement(Sizes s) {
        return Launch.blocks(Math.min(MAX_ELEMENT_BLOCKS, Launch.ceil(s.get(ELEMENTS), 256)), 256);
    }

    private static long rows(Precision p, Sizes s, Size count) {
        return s.get(count) * s.get(WIDTH) * p.bytes();
    }
}
