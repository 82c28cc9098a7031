// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.vision;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.depthc.frontend.json.InputFiles;
import io.github.depthc.frontend.json.JsonObject;
import io.github.depthc.image.ImageSettings;
import io.github.depthc.image.ImageSettings.Mode;
import io.github.depthc.image.ImageSettings.Resize;
import io.github.depthc.image.PilFilter;
import io.github.depthc.image.PixelSize;
import io.github.depthc.ir.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a checkpoint wants its pictures: {@code preprocessor_config.json}, or the object {@code image_processor} of {@code processor_config.json}, of
 * a folder; for original LLaVA checkpoints, with what their {@code config.json} adds. What is absent is as transformers has it.
 */
public final class PreprocessorConfig {
    /** The file's name. */
    public static final String FILE = "preprocessor_config.json";
    /** The name of the newer file, which has settings of the tokens too. */
    public static final String PROCESSOR_FILE = "processor_config.json";

    private static final String ASPECT_RATIO = "image_aspect_ratio";
    private static final String GRID = "image_grid_pinpoints";
    private static final int DEFAULT_EDGE = 224;
    private static final int MAX_GRID_SIZES = 1000;
    private static final Pattern SIZE = Pattern.compile("[(\\[]\\s*(\\d{1,5})\\s*,\\s*(\\d{1,5})\\s*[)\\]]");
    private static final Pattern BETWEEN_SIZES = Pattern.compile("[\\[\\](),\\s]*");
    private static final List<PixelSize> NEXT_GRID = List.of(new PixelSize(672, 336), new PixelSize(336, 672), new PixelSize(672, 672),
            new PixelSize(336, 1008), new PixelSize(1008, 336));

    private PreprocessorConfig() {
    }

    /** The file of a folder that has the settings, or empty. */
    public static Optional<Path> find(Path dir) {
        return List.of(FILE, PROCESSOR_FILE).stream().map(dir::resolve).filter(f -> Files.exists(f, LinkOption.NOFOLLOW_LINKS)).findFirst();
    }

    /**
     * The settings of a checkpoint in HuggingFace's format.
     *
     * @throws InputException when the folder has none, or settings that are not supported
     */
    public static ImageSettings read(Path dir) throws IOException {
        return settings(file(dir));
    }

    /**
     * The settings of a checkpoint in LLaVA's own format. Its code takes a processor from the vision tower's folder, ignores
     * EXIF's orientation, and reads the sizes of the grid as [width, height].
     *
     * @param config the checkpoint's {@code config.json}
     * @param tower  the folder of the CLIP checkpoint, or of one that has its {@code preprocessor_config.json}
     */
    public static ImageSettings original(JsonObject config, Path tower) throws IOException {
        return original(config, settings(file(tower)));
    }

    /** The same, with a processor that is known. */
    public static ImageSettings original(JsonObject config, ImageSettings processor) {
        ImageSettings clip = processor.withUpright(false);
        String ratio = config.optString(ASPECT_RATIO, "square");
        return switch (ratio) {
            case "square" -> clip.withMode(Mode.CLIP, List.of());
            case "pad" -> clip.withMode(Mode.PAD, List.of());
            case "anyres" -> checked(config, () -> clip.withMode(Mode.ANYRES, grid(config).orElseThrow(() -> config.error(GRID, "the sizes of the grid"))));
            default -> throw config.error(ASPECT_RATIO, "square, pad or anyres");
        };
    }

    private static JsonObject file(Path dir) throws IOException {
        Path file = find(InputFiles.requireFolder(dir)).orElseThrow(() -> new InputException(dir + ": has no " + FILE
                + ", expected it beside a model that takes pictures; copy it from the checkpoint's origin or from the vision tower's"));
        JsonObject object = JsonObject.read(file);
        return file.getFileName().toString().equals(FILE) ? object : processor(object);
    }

    private static JsonObject processor(JsonObject both) {
        if (!both.has("image_processor")) {
            throw new InputException(both.file() + ": has no \"image_processor\", and there is no " + FILE + " beside it, expected one of the two in a model that takes pictures; "
                    + "copy it from the checkpoint's origin");
        }
        return both.requireObject("image_processor");
    }

    /**
     * Checks that a model in HuggingFace's format cuts pictures as its preprocessor does.
     *
     * @param config the model's {@code config.json}
     * @throws InputException where both say what sizes there are, and not the same
     */
    static void requireSameGrid(JsonObject config, ImageSettings images) {
        grid(config).map(sizes -> sizes.stream().map(PixelSize::turned).toList()).filter(sizes -> !Set.copyOf(sizes).equals(Set.copyOf(images.grid()))).ifPresent(sizes -> {
            throw config.error(GRID, "the sizes that the preprocessor has, " + images.grid().stream().map(s -> "[" + s.height() + ", " + s.width() + "]").collect(Collectors.joining(", ")));
        });
    }

    private static ImageSettings settings(JsonObject config) {
        Mode mode = mode(config);
        boolean normalize = config.optBool("do_normalize", true);
        ImageSettings clip = ImageSettings.clip(DEFAULT_EDGE);
        Optional<Resize> resize = config.optBool("do_resize", true) ? Optional.of(resize(config)) : Optional.empty();
        PixelSize crop = config.optBool("do_center_crop", true) ? exact(config, "crop_size", clip.crop())
                : resize.map(r -> r instanceof Resize.Exact e ? e.size() : null).orElseThrow(() -> config.error("do_center_crop",
                        "true, or a \"size\" of height and width: a vision tower takes pictures of one size"));
        return checked(config, () -> new ImageSettings(mode, resize, crop, filter(config), config.optBool("do_rescale", true) ? config.optDouble("rescale_factor", clip.scale(), 0, 1) : 1,
                normalize ? channels(config, "image_mean", clip.mean()) : Collections.nCopies(3, 0.0),
                normalize ? channels(config, "image_std", clip.std()) : Collections.nCopies(3, 1.0),
                mode == Mode.ANYRES ? grid(config).map(sizes -> sizes.stream().map(PixelSize::turned).toList()).orElse(NEXT_GRID) : List.of(), true));
    }

    /** What settings do not fit together is told with the file that has them. */
    private static ImageSettings checked(JsonObject config, Supplier<ImageSettings> settings) {
        try {
            return settings.get();
        } catch (InputException e) {
            throw e.getMessage().startsWith(config.file()) ? e : new InputException(config.file() + ": " + e.getMessage(), e);
        }
    }

    private static Mode mode(JsonObject config) {
        String type = config.optString("image_processor_type", config.optString("feature_extractor_type", "CLIPImageProcessor"));
        return switch (type.replaceFirst("Fast$", "")) {
            case "CLIPImageProcessor", "CLIPFeatureExtractor" -> Mode.CLIP;
            case "LlavaImageProcessor" -> config.optBool("do_pad", false) ? Mode.PAD : Mode.CLIP;
            case "LlavaNextImageProcessor" -> Mode.ANYRES;
            default -> throw config.error("image_processor_type", "CLIPImageProcessor, LlavaImageProcessor or LlavaNextImageProcessor");
        };
    }

    private static Resize resize(JsonObject config) {
        if (isNumber(config, "size") || !config.has("size")) {
            return new Resize.ShortestEdge(config.optInt("size", DEFAULT_EDGE, 1, ImageSettings.MAX_EDGE));
        }
        JsonObject size = config.requireObject("size");
        return size.has("shortest_edge") ? new Resize.ShortestEdge(size.requireInt("shortest_edge", 1, ImageSettings.MAX_EDGE)) : new Resize.Exact(sides(size));
    }

    private static PixelSize exact(JsonObject config, String key, PixelSize orElse) {
        if (!config.has(key)) {
            return orElse;
        }
        if (isNumber(config, key)) {
            int edge = config.requireInt(key, 1, ImageSettings.MAX_EDGE);
            return new PixelSize(edge, edge);
        }
        return sides(config.requireObject(key));
    }

    private static boolean isNumber(JsonObject config, String key) {
        return config.has(key) && config.node().get(key).isNumber();
    }

    private static PixelSize sides(JsonObject size) {
        return new PixelSize(size.requireInt("width", 1, ImageSettings.MAX_EDGE), size.requireInt("height", 1, ImageSettings.MAX_EDGE));
    }

    private static PilFilter filter(JsonObject config) {
        int code = config.optInt("resample", PilFilter.BICUBIC.code(), 0, Integer.MAX_VALUE);
        return Arrays.stream(PilFilter.values()).filter(f -> f.code() == code).findFirst().orElseThrow(() -> config.error("resample",
                Arrays.stream(PilFilter.values()).map(f -> f.code() + " (" + f.name().toLowerCase(Locale.ROOT) + ")").collect(Collectors.joining(", "))));
    }

    private static List<Double> channels(JsonObject config, String key, List<Double> orElse) {
        if (isNumber(config, key)) {
            return Collections.nCopies(3, config.requireDouble(key, -1e6, 1e6));
        }
        return config.optDoubles(key, -1e6, 1e6).orElse(orElse);
    }

    /** The pairs as they stand, first as width: a list of lists, or as text. */
    private static Optional<List<PixelSize>> grid(JsonObject config) {
        if (!config.has(GRID)) {
            return Optional.empty();
        }
        JsonNode value = config.node().get(GRID);
        var sizes = new ArrayList<PixelSize>();
        if (value.isTextual() && BETWEEN_SIZES.matcher(SIZE.matcher(value.textValue()).replaceAll("")).matches()) {
            Matcher size = SIZE.matcher(value.textValue());
            while (size.find()) {
                sizes.add(size(config, Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2))));
            }
        } else if (value.isArray()) {
            for (JsonNode pair : value) {
                if (!pair.isArray() || pair.size() != 2 || !pair.get(0).canConvertToInt() || !pair.get(1).canConvertToInt()) {
                    throw config.error(GRID, "a list of pairs of integers");
                }
                sizes.add(size(config, pair.get(0).intValue(), pair.get(1).intValue()));
            }
        }
        if (sizes.isEmpty() || sizes.size() > MAX_GRID_SIZES) {
            throw config.error(GRID, "1 to " + MAX_GRID_SIZES + " pairs of integers");
        }
        return Optional.of(List.copyOf(sizes));
    }

    private static PixelSize size(JsonObject config, int width, int height) {
        if (width < 1 || height < 1) {
            throw config.error(GRID, "pairs of integers of at least 1");
        }
        return new PixelSize(width, height);
    }
}
