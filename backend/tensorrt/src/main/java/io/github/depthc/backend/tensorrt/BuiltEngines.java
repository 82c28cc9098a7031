// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.tensorrt;

import io.github.depthc.backend.bundle.BundleInfo;
import io.github.depthc.backend.plan.PlanFiles;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Engines that stand in a bundle, for whatever GPU. Neither CUDA nor TensorRT is needed to look at them.
 *
 * @param folder of the bundle in which they are
 * @param info   what is said of them; empty where that cannot be read
 * @param flaw   why they are of no use, as the end of a sentence; empty where a GPU of their kind would take them
 */
public record BuiltEngines(Path folder, Optional<EnginesInfo> info, Optional<String> flaw) {
    /** Those of a bundle, by the names of their folders. */
    public static List<BuiltEngines> of(PlanFiles files, BundleInfo bundle) throws IOException {
        Path all = files.folder().resolve(EngineNames.FOLDER);
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        String fingerprint = EngineStore.fingerprint(files, bundle);
        var found = new ArrayList<BuiltEngines>();
        try (Stream<Path> folders = Files.list(all)) {
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                boolean checked = Files.isRegularFile(folder.resolve(EngineNames.JSON));
                if (checked || Files.isRegularFile(folder.resolve(EngineNames.UNCHECKED))) {
                    found.add(of(files, folder, checked, fingerprint));
                }
            }
        }
        return found;
    }

    private static BuiltEngines of(PlanFiles files, Path folder, boolean checked, String fingerprint) throws IOException {
        EnginesInfo info;
        try {
            info = EnginesInfo.read(folder, checked ? EngineNames.JSON : EngineNames.UNCHECKED);
        } catch (InputException e) {
            return new BuiltEngines(folder, Optional.empty(), Optional.of(e.getMessage()));
        }
        return new BuiltEngines(folder, Optional.of(info), checked ? EngineStore.flaw(files, fingerprint, folder, info) : Optional.of("those in " + folder + " " + EngineStore.UNCHECKED));
    }
}
