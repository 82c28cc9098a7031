// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.ir.CacheType;
import io.github.depthc.ir.DType;
import io.github.depthc.ir.GraphNames;
import io.github.depthc.ir.Param;
import io.github.depthc.ir.mod.Routing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What decode steps of so many slots have in common: their memory, the tables of where their caches are, and the recorded step.
 */
final class Steps implements AutoCloseable {
    private final int rows;
    private final BundleInfo info;
    private final Plan plan;
    private final Device device;
    private final List<CacheType> caches;
    private final boolean routed;
    private final DeviceMemory memory;
    private final DeviceMemory tables;
    private final List<LayerCaches> layers = new ArrayList<>();
    private final StepRun run;
    private final MemorySegment host;
    private final MemorySegment hostTables;
    private List<PlanSlot> group = List.of();
    private Runnable recorded;
    private DeviceTensor result;

    /**
     * @param rows slots of a step
     * @param arena lives as long as the engine
     */
    Steps(int rows, BundleInfo info, Plan plan, Device device, Arena arena) {
        this.rows = rows;
        this.info = info;
        this.plan = plan;
        this.device = device;
        this.caches = plan.caches();
        this.routed = info.decode() == Routing.DecodeRule.THRESHOLD;
        MemoryLayout layout = MemoryLayout.ofSteps(plan, rows);
        this.memory = device.allocate(layout.bytes());
        try {
            this.tables = device.allocate(Math.max(1, tableBytes()));
        } catch (RuntimeException | Error e) {
            Ending.after(e, List.of(memory::close));
            throw e;
        }
        for (int l = 0; l < caches.size(); l++) {
            layers.add(new LayerCaches(table(l, 0, DType.I64), table(l, 1, DType.I64), caches.get(l).indexed() ? table(l, 2, DType.I64) : null,
                    table(l, 3, DType.I32), (long) caches.get(l).kvHeads() * caches.get(l).headDim()));
        }
        this.run = new StepRun(plan, device, layout, memory.address(), layers, rows, routed);
        this.host = arena.allocate((3L * rows + 1) * Integer.BYTES + 2L * rows, Long.BYTES);
        this.hostTables = arena.allocate(Math.max(1, tableBytes()), Long.BYTES);
    }

    private long tableBytes() {
        return caches.size() * 4L * rows * Long.BYTES;
    }

    private DeviceTensor table(int layer, int which, DType type) {
        return new DeviceTensor(tables.address() + (layer * 4L + which) * rows * Long.BYTES, type, rows, 1);
    }

    void forget(PlanSlot slot) {
        if (group.contains(slot)) {
            group = List.of();
        }
    }

    /** Where this fails the slots have the tokens that they had, and can step again: nothing that was written for this step is relied upon. */
    void run(List<PlanSlot> slots, int[] tokens, StepListener listener, MemorySegment to) {
        boolean changed = !group.equals(slots);
        List<PlanSlot> own = changed ? List.copyOf(slots) : group;
        group = List.of(); // until all of the step has worked
        int[] entries = new int[caches.size()];
        for (PlanSlot slot : slots) {
            for (int l = 0; l < entries.length; l++) {
                entries[l] = slot.lengths[l] + 1;
            }
            changed |= slot.reserve(entries);
        }
        if (changed) {
            point(slots);
        }
        inputs(slots, tokens);
        if (listener != null) {
            result = run.run(listener);
        } else if (recorded == null) {
            recorded = device.record(() -> result = run.run(null));
        } else {
            recorded.run();
        }
        device.download(result, to);
        int[][] lengths = counted(slots);
        for (int r = 0; r < rows; r++) {
            PlanSlot slot = slots.get(r);
            slot.length++;
            for (int l = 0; l < lengths.length; l++) {
                slot.lengths[l] = lengths[l][r];
            }
        }
        group = own;
    }

    /** Writes where the caches are and how long. */
    private void point(List<PlanSlot> slots) {
        for (int l = 0; l < caches.size(); l++) {
            for (int r = 0; r < rows; r++) {
                PlanSlot slot = slots.get(r);
                long at = (l * 4L * rows + r) * Long.BYTES;
                hostTables.set(ValueLayout.JAVA_LONG, at, slot.keys(l));
                hostTables.set(ValueLayout.JAVA_LONG, at + (long) rows * Long.BYTES, slot.values(l));
                hostTables.set(ValueLayout.JAVA_LONG, at + 2L * rows * Long.BYTES, caches.get(l).indexed() ? slot.indices(l) : 0);
                hostTables.set(ValueLayout.JAVA_INT, (l * 4L + 3) * rows * Long.BYTES + (long) r * Integer.BYTES, slot.lengths[l]);
            }
        }
        device.upload(hostTables, new DeviceTensor(tables.address(), DType.U8, (int) tableBytes(), 1));
    }

    private void inputs(List<PlanSlot> slots, int[] tokens) {
        MemorySegment ids = host.asSlice(0, (long) rows * Integer.BYTES);
        MemorySegment positions = host.asSlice(ids.byteSize(), ids.byteSize());
        MemorySegment offsets = host.asSlice(2 * ids.byteSize(), ids.byteSize() + Integer.BYTES);
        MemorySegment candidates = host.asSlice(3 * ids.byteSize() + Integer.BYTES, rows);
        for (int r = 0; r < rows; r++) {
            ids.setAtIndex(ValueLayout.JAVA_INT, r, tokens[r]);
            positions.setAtIndex(ValueLayout.JAVA_INT, r, slots.get(r).length);
            candidates.set(ValueLayout.JAVA_BYTE, r, (byte) (routed ? 1 : 0));
        }
        for (int r = 0; r <= rows; r++) {
            offsets.setAtIndex(ValueLayout.JAVA_INT, r, r);
        }
        device.upload(offsets, new DeviceTensor(run.base + run.layout.rowOffsets(), DType.I32, rows + 1, 1));
        device.upload(positions, new DeviceTensor(run.base + run.layout.sequenceIndex(), DType.I32, rows, 1));
        for (Param p : plan.model().graph().params()) {
            switch (p.name()) {
                case GraphNames.TOKEN_IDS -> device.upload(ids, run.tensors.get(p));
                case GraphNames.POSITIONS -> device.upload(positions, run.tensors.get(p));
                case GraphNames.CANDIDATES -> device.upload(candidates, run.tensors.get(p));
                default -> { } // all rows' logits are wanted
            }
        }
    }

    /** Of each layer how many entries each slot has now. Where layers choose, the device alone knows what was appended. */
    private int[][] counted(List<PlanSlot> slots) {
        int[][] lengths = new int[caches.size()][rows];
        for (int l = 0; l < lengths.length; l++) {
            if (routed && info.layers().get(l).routing().isPresent()) {
                MemorySegment counts = hostTables.asSlice((l * 4L + 3) * rows * Long.BYTES, (long) rows * Integer.BYTES);
                device.download(layers.get(l).lengths(), counts);
                MemorySegment.copy(counts, ValueLayout.JAVA_INT, 0, lengths[l], 0, rows);
            } else {
                for (int r = 0; r < rows; r++) {
                    lengths[l][r] = slots.get(r).lengths[l] + 1;
                }
            }
        }
        return lengths;
    }

    @Override
    public void close() {
        Ending.all(tables::close, memory::close);
    }
}
