"""The regions of the simulated Azure, with their pairs as Azure has them.

Source: https://learn.microsoft.com/azure/reliability/cross-region-replication-azure and
https://learn.microsoft.com/azure/reliability/availability-zones-region-support
"""

from __future__ import annotations

from dataclasses import dataclass

from amlrunbook.simulator.world import Document


@dataclass(frozen=True, slots=True)
class Region:
    """One region: ``pair`` is where it replicates to, ``None`` for regions without a pair."""

    name: str
    display: str
    geography: str
    group: str
    place: str
    latitude: str
    longitude: str
    pair: str | None
    zones: int = 3
    category: str = "Recommended"


REGIONS: dict[str, Region] = {
    region.name: region
    for region in (
        Region("eastus", "East US", "United States", "US", "Virginia", "37.3719", "-79.8164",
               "westus"),
        Region("eastus2", "East US 2", "United States", "US", "Virginia", "36.6681", "-78.3889",
               "centralus"),
        Region("westus", "West US", "United States", "US", "California", "37.783", "-122.417",
               "eastus", 0, "Other"),
        Region("westus2", "West US 2", "United States", "US", "Washington", "47.233", "-119.852",
               "westcentralus"),
        Region("westus3", "West US 3", "United States", "US", "Phoenix", "33.448376",
               "-112.074036", "eastus"),
        Region("centralus", "Central US", "United States", "US", "Iowa", "41.5908", "-93.6208",
               "eastus2"),
        Region("northcentralus", "North Central US", "United States", "US", "Illinois", "41.8819",
               "-87.6278", "southcentralus", 0, "Other"),
        Region("southcentralus", "South Central US", "United States", "US", "Texas", "29.4167",
               "-98.5", "northcentralus"),
        Region("westcentralus", "West Central US", "United States", "US", "Wyoming", "40.89",
               "-110.234", "westus2", 0, "Other"),
        Region("northeurope", "North Europe", "Europe", "Europe", "Ireland", "53.3478", "-6.2597",
               "westeurope"),
        Region("westeurope", "West Europe", "Europe", "Europe", "Netherlands", "52.3667", "4.9",
               "northeurope"),
        Region("uksouth", "UK South", "United Kingdom", "UK", "London", "50.941", "-0.799",
               "ukwest"),
        Region("ukwest", "UK West", "United Kingdom", "UK", "Cardiff", "53.427", "-3.084",
               "uksouth", 0, "Other"),
        Region("italynorth", "Italy North", "Italy", "Europe", "Milan", "45.46888", "9.18109",
               None),
        Region("polandcentral", "Poland Central", "Poland", "Europe", "Warsaw", "52.23334",
               "21.01666", None),
        Region("qatarcentral", "Qatar Central", "Qatar", "Middle East", "Doha", "25.551462",
               "51.439327", None),
        Region("brazilsouth", "Brazil South", "Brazil", "South America", "Sao Paulo State",
               "-23.55", "-46.633", "southcentralus"),
        Region("japaneast", "Japan East", "Japan", "Asia Pacific", "Tokyo, Saitama", "35.68",
               "139.77", "japanwest"),
        Region("japanwest", "Japan West", "Japan", "Asia Pacific", "Osaka", "34.6939", "135.5022",
               "japaneast", 3, "Other"),
        Region("australiaeast", "Australia East", "Australia", "Asia Pacific", "New South Wales",
               "-33.86", "151.2094", "australiasoutheast"),
        Region("australiasoutheast", "Australia Southeast", "Australia", "Asia Pacific",
               "Victoria", "-37.8136", "144.9631", "australiaeast", 0, "Other"),
    )
}  # fmt: skip
"""All regions, by name."""


def location_document(region: Region, subscription: str) -> Document:
    """Return a region as ``GET /subscriptions/{id}/locations`` lists it."""
    scope = f"/subscriptions/{subscription}/locations"
    metadata: Document = {
        "regionType": "Physical",
        "regionCategory": region.category,
        "geography": region.geography,
        "geographyGroup": region.group,
        "longitude": region.longitude,
        "latitude": region.latitude,
        "physicalLocation": region.place,
        "pairedRegion": [],
    }
    if region.pair is not None:
        metadata["pairedRegion"] = [{"name": region.pair, "id": f"{scope}/{region.pair}"}]
    found: Document = {
        "id": f"{scope}/{region.name}",
        "name": region.name,
        "type": "Region",
        "displayName": region.display,
        "regionalDisplayName": f"({region.group}) {region.display}",
        "metadata": metadata,
    }
    if region.zones:
        found["availabilityZoneMappings"] = [
            {"logicalZone": str(zone), "physicalZone": f"{region.name}-az{zone % region.zones + 1}"}
            for zone in range(1, region.zones + 1)
        ]
    return found
